"""Products that may be on Etsy already: the product beside the listing, and a person's decision. Nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from etsy_pipeline import wiring
from etsy_pipeline.accounts.view import account_view
from etsy_pipeline.api.answers import status_of
from etsy_pipeline.api.context import AppContext, Context
from etsy_pipeline.api.inputs import NOTE, PRINTABLE, AccountPath
from etsy_pipeline.api.review.item_card import web_address
from etsy_pipeline.api.review.page import is_picture, page, to
from etsy_pipeline.api.review.plan_query import A_PAGE
from etsy_pipeline.api.review.session import OWN_FORM, decides_as, remember
from etsy_pipeline.errors import BadRequest, PipelineError
from etsy_pipeline.planning.undecided import WHY
from etsy_pipeline.shop import candidates
from etsy_pipeline.shop.candidates import KINDS, Offered
from etsy_pipeline.shop.decide import decide_one
from etsy_pipeline.shop.link_requests import Act, LinkRequest, Refusal, Said
from etsy_pipeline.store import accounts, holds

router = APIRouter(prefix="/accounts/{account_id}/candidates")

THROUGH = "review page"
STOCK = ("price", "quantity")
MOST_TOLD = 20
OFFERED: tuple[Act, ...] = ("attach", "ignore", "create_anyway")


class Looked(BaseModel):
    """Which candidates are looked at, and what was done before."""

    kind: Literal["", "certain", "likely", "ambiguous"] = ""
    product_id: str = Field(default="", max_length=200, pattern=PRINTABLE)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    done: str = Field(default="", max_length=200, pattern=PRINTABLE)


class Choice(BaseModel):
    """What stands in the form. `choice` is of the button: the act, the listing and the product."""

    choice: str = Field(default="", max_length=300, pattern=PRINTABLE)
    decided_by: str = Field(default="", max_length=200, pattern=PRINTABLE)
    note: str = Field(default="", max_length=2000, pattern=NOTE)
    own_stock: Literal["", "yes"] = ""
    kind: Literal["", "certain", "likely", "ambiguous"] = ""
    product_id: str = Field(default="", max_length=200, pattern=PRINTABLE)

    @property
    def own(self) -> tuple[str, ...]:
        """The fields that become Medusa's at once."""
        return STOCK if self.own_stock else ()

    def request(self) -> LinkRequest:
        """What the button says.

        Raises:
            BadRequest: `request_malformed`.
        """
        act, _, rest = self.choice.partition(" ")
        listing, _, product_id = rest.partition(" ")
        known = next((item for item in OFFERED if item == act), None)
        if known is None or not (listing.isascii() and listing.isdigit()):
            raise BadRequest("This is none of the page's buttons.", code="request_malformed", hint="Go back.")
        return LinkRequest(known, product_id, int(listing), own=self.own)


class Bulk(BaseModel):
    """What stands in the form for all certain ones: how many there were on the screen, and their mark."""

    count: int = Field(ge=0, le=10_000_000)
    mark: str = Field(max_length=64, pattern=r"^[0-9a-f]+$")
    decided_by: str = Field(default="", max_length=200, pattern=PRINTABLE)
    note: str = Field(default="", max_length=2000, pattern=NOTE)
    own_stock: Literal["", "yes"] = ""


@dataclass(frozen=True, slots=True)
class PairCard:
    """A product beside a listing; the pictures are addresses that the page may load, or nothing."""

    offered: Offered
    product_picture: str
    listing_picture: str
    address: str


@router.get("")
def show(request: Request, context: Context, account_id: AccountPath, looked: Annotated[Looked, Query()]) -> Response:
    """Those that wait for a decision."""
    return _list(request, context, account_id, looked)


@router.post("/decide", dependencies=[OWN_FORM])
def decide(request: Request, context: Context, account_id: AccountPath, form: Annotated[Choice, Form()]) -> Response:
    """One of them; without a choice only the name is remembered."""
    name = decides_as(request, form.decided_by)
    looked = Looked(kind=form.kind, product_id=form.product_id)
    if not form.choice:
        remember(request, form.decided_by)
        return to(_address(account_id, looked))
    try:
        wanted = form.request()
        readers = wiring.link_readers(context.settings, context.store, account_id)
        decide_one(context.store, account_id, wanted, Said(name, THROUGH, form.note), readers)
    except PipelineError as problem:
        return _list(request, context, account_id, looked, problem=problem)
    remember(request, form.decided_by)
    done = f"{wanted.act} {wanted.listing_id} {wanted.product_id}"
    return to(_address(account_id, looked.model_copy(update={"done": done})))


@router.get("/certain")
def look(request: Request, context: Context, account_id: AccountPath) -> Response:
    """All certain ones: how many, and some of them."""
    return _certain(request, context, account_id)


@router.post("/certain", dependencies=[OWN_FORM])
def attach_all(request: Request, context: Context, account_id: AccountPath, form: Annotated[Bulk, Form()]) -> Response:
    """Those that were counted on the screen; no others."""
    name = decides_as(request, form.decided_by)
    try:
        seen = candidates.certain_ones(context.store, account_id, own=STOCK if form.own_stock else ())
        readers = wiring.link_readers(context.settings, context.store, account_id)
        said = Said(name, THROUGH, form.note)
        decided = candidates.attach_certain(
            context.store, account_id, seen, said, readers, count=form.count, mark=form.mark
        )
    except PipelineError as problem:
        return _certain(request, context, account_id, problem=problem)
    remember(request, form.decided_by)
    return _certain(request, context, account_id, done=len(decided.done), refused=decided.refused)


def _list(
    request: Request, context: AppContext, account_id: str, looked: Looked, problem: PipelineError | None = None
) -> Response:
    found = candidates.offers(
        context.store,
        account_id,
        kind=looked.kind or None,
        product_id=looked.product_id.strip() or None,
        first=looked.offset,
        most=A_PAGE,
    )
    total = found.total(looked.kind or None)
    following = looked.offset + A_PAGE

    def at(offset: int) -> str:
        return _address(account_id, looked.model_copy(update={"offset": offset, "done": ""}))

    act, _, rest = looked.done.partition(" ")
    return page(
        request,
        "candidates.html",
        200 if problem is None else status_of(problem)[0],
        shop=_shop(context, account_id),
        cards=[_card(context, offered) for offered in found.offers],
        counts=found.counts,
        kinds=KINDS,
        why=WHY,
        looked=looked,
        count=total,
        first=looked.offset + 1,
        last=min(following, total),
        previous=at(max(0, looked.offset - A_PAGE)) if looked.offset else "",
        next=at(following) if following < total else "",
        done=(act, *rest.split(" ", 1)) if rest else (),
        problem=problem,
    )


def _certain(
    request: Request,
    context: AppContext,
    account_id: str,
    *,
    done: int | None = None,
    refused: Sequence[Refusal] = (),
    problem: PipelineError | None = None,
) -> Response:
    seen = candidates.certain_ones(context.store, account_id)
    return page(
        request,
        "candidates_certain.html",
        200 if problem is None else status_of(problem)[0],
        shop=_shop(context, account_id),
        seen=seen,
        why=WHY,
        cards=[_card(context, offered) for offered in seen.sample],
        done=done,
        refused=refused[:MOST_TOLD],
        refused_count=len(refused),
        problem=problem,
    )


def _shop(context: AppContext, account_id: str) -> dict[str, object]:
    with context.store.reading() as session:
        return account_view(accounts.get(session, account_id), holds.of(session, account_id))


def _card(context: AppContext, offered: Offered) -> PairCard:
    ours, theirs = offered.candidate.identity.image_url, offered.listing.image_url if offered.listing else ""
    return PairCard(
        offered,
        ours if is_picture(context, ours) else "",
        theirs if is_picture(context, theirs) else "",
        web_address(offered.listing.url if offered.listing else ""),
    )


def _address(account_id: str, looked: Looked) -> str:
    query = {name: value for name, value in looked.model_dump().items() if value}
    return f"/review/accounts/{account_id}/candidates" + (f"?{urlencode(query)}" if query else "")
