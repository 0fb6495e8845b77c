"""Asking for a sync from a page: of all that a shop sells, or of products that were ticked."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field, StringConstraints

from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import MAX_PRODUCTS, PRINTABLE
from etsy_pipeline.api.review.page import to
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.sync.request import request_sync

router = APIRouter(prefix="/sync")

Chosen = Annotated[str, StringConstraints(max_length=401, pattern=PRINTABLE)]


class Wanted(BaseModel):
    """What stands in the form: a shop, of which everything is synced, or products (`account product`, or ids).

    `once` is the form's own: sent twice, it asks for one sync.
    """

    account: str = Field(default="", max_length=200, pattern=PRINTABLE)
    chosen: list[Chosen] = Field(default=[], max_length=MAX_PRODUCTS)
    product_ids: str = Field(default="", max_length=4_000_000)
    what: str = Field(default="all", max_length=10, pattern=r"^(all|chosen)$")
    once: str = Field(default="", max_length=60, pattern=r"^[!-~]*$")

    def products(self) -> dict[str, list[str]]:
        """The products that were chosen, by account."""
        found: dict[str, list[str]] = {}
        for each in self.chosen:
            account_id, _, product_id = each.partition(" ")
            found.setdefault(account_id, []).append(product_id)
        typed = self.product_ids.replace(",", " ").split()
        if typed:
            found.setdefault(self.account, []).extend(typed)
        return found


@router.post("", dependencies=[OWN_FORM])
def start(context: Context, by: ByBrowser, form: Annotated[Wanted, Form()]) -> RedirectResponse:
    """Ask for it; a plan follows, and nothing is sent before somebody approves it."""
    wanted: dict[str, list[str] | None] = {form.account: None} if form.what == "all" else {**form.products()}
    if not wanted:
        raise BadRequest("No product was chosen.", code="no_products", hint="Go back, and tick those to be synced.")
    asked = [
        request_sync(
            context.store,
            account_id,
            product_ids=None if product_ids is None else tuple(product_ids),
            trigger="ui",
            idempotency_key=f"page-{form.once}-{account_id}" if form.once else None,
            by=by,
        )
        for account_id, product_ids in wanted.items()
    ]
    if len(asked) == 1:
        return to(f"/review/{asked[0].transaction_id}?follow=yes")
    return to(f"/review/?{urlencode({'asked': len(asked)})}")
