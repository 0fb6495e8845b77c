"""A shop's orders on Etsy: how each stands, what was booked for it, and what waits for a person, who decides here."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from etsy_pipeline import wiring
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import PRINTABLE, AccountPath
from etsy_pipeline.api.review.page import page, to
from etsy_pipeline.api.review.plan_query import A_PAGE
from etsy_pipeline.api.review.session import OWN_FORM, ByBrowser
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orders import by_hand, views
from etsy_pipeline.orders.lost import decide_lost, lost_count
from etsy_pipeline.orders.medusa_order import CANCELED_THERE, GONE
from etsy_pipeline.store import accounts
from etsy_pipeline.store.activity import Doer
from etsy_pipeline.sync import holds

router = APIRouter(prefix="/accounts/{account_id}/orders")

Id = Annotated[str, Field(max_length=200, pattern=PRINTABLE)]


class Looked(BaseModel):
    """Which orders are looked at."""

    state: Literal["", "open", "needs_person", "done", "canceled"] = ""
    offset: int = Field(default=0, ge=0, le=1_000_000)


class Decision(BaseModel):
    """What a button says of a line (`choose`, `nothing`), of an order that ended (`back`, `gone`), or `close`.

    Of all lines that Medusa has lost (`lost_again`, `lost_nothing`) `number` is how many they were.
    """

    act: Literal["choose", "nothing", "back", "gone", "close", "lost_again", "lost_nothing"]
    number: int = Field(ge=1, lt=2**63)
    reason: Annotated[str, Field(pattern=PRINTABLE)] = ""
    product_id: Id = ""
    variant_id: Id = ""


@router.get("")
def show(request: Request, context: Context, account_id: AccountPath, looked: Annotated[Looked, Query()]) -> Response:
    """The newest first; those that wait for a person before all others."""
    return _list(request, context, account_id, looked)


@router.post("", dependencies=[OWN_FORM])
def decide(
    request: Request, context: Context, by: ByBrowser, account_id: AccountPath, form: Annotated[Decision, Form()]
) -> Response:
    """A person's word on a line, or on the end of an order."""
    try:
        _decide(context, account_id, form, by)
    except PipelineError as problem:
        return _list(request, context, account_id, Looked(), problem, form)
    return to(_address(account_id, Looked()))


def _decide(context: AppContext, account_id: str, form: Decision, by: Doer) -> None:
    if form.act == "nothing":
        by_hand.book_nothing(context.store, account_id, form.number, by=by)
        return
    if form.act in {"lost_again", "lost_nothing"}:
        decide_lost(context.store, account_id, count=form.number, reserves=form.act == "lost_again", by=by)
        return
    with closing(wiring.reservations_for(context.settings, context.store, account_id)) as medusa:
        if form.act == "choose":
            product_id, variant_id = form.product_id.strip(), form.variant_id.strip()
            by_hand.choose_variant(
                context.store, medusa, account_id, form.number, product_id=product_id, variant_id=variant_id, by=by
            )
        elif form.act == "close":
            by_hand.close_order(context.store, medusa, account_id, form.number, reason=form.reason, by=by)
        else:
            gives_back = form.act == "back"
            by_hand.decide_end(context.store, medusa, account_id, form.number, gives_back=gives_back, by=by)


def _list(
    request: Request,
    context: AppContext,
    account_id: str,
    looked: Looked,
    problem: PipelineError | None = None,
    form: Decision | None = None,
) -> Response:
    found = views.orders_page(context.store, account_id, state=looked.state or None, first=looked.offset, most=A_PAGE)
    is_first = not (looked.state or looked.offset)
    waiting = views.orders_page(context.store, account_id, state="needs_person", most=A_PAGE) if is_first else None
    with context.store.reading() as session:
        shop = account_view(accounts.get(session, account_id), holds.of(session, account_id))
    following = looked.offset + A_PAGE

    def at(offset: int) -> str:
        return _address(account_id, looked.model_copy(update={"offset": offset}))

    return page(
        request,
        "orders.html",
        200 if problem is None else status_of(problem)[0],
        shop=shop,
        waiting=waiting.orders if waiting else (),
        waiting_count=waiting.count if waiting else 0,
        lost_count=lost_count(context.store, account_id) if waiting else 0,
        orders=found.orders,
        standing=views.standing(context.store, account_id),
        states=views.STATES,
        looked=looked,
        count=found.count,
        first=looked.offset + 1,
        last=min(following, found.count),
        previous=at(max(0, looked.offset - A_PAGE)) if looked.offset else "",
        next=at(following) if following < found.count else "",
        problem=problem,
        form=form,
        can_be_closed=_can_be_closed,
        longest_reason=by_hand.LONGEST_REASON,
    )


def _can_be_closed(order: Mapping[str, Any]) -> bool:
    """Whether an order that waits for a person can be closed by hand: Medusa has none of it that stands."""
    order_id = order["medusa_order_id"]
    return order_id is None or order["problem"] in {CANCELED_THERE, GONE.format(order_id)}


def _address(account_id: str, looked: Looked) -> str:
    values = {name: value for name, value in looked.model_dump().items() if value}
    return f"/review/accounts/{account_id}/orders" + (f"?{urlencode(values)}" if values else "")
