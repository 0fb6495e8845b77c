"""Routes that show which products may be on Etsy already, and take a person's decision on them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from etsy_pipeline import wiring
from etsy_pipeline.api.answers import Done
from etsy_pipeline.api.context import Context
from etsy_pipeline.api.inputs import AccountPath, IdFilter, Name, Note, Page, ProductId
from etsy_pipeline.api.who import Sender
from etsy_pipeline.shop import candidates
from etsy_pipeline.shop.decide import decide_one
from etsy_pipeline.shop.link_requests import Act, LinkRequest, Said
from etsy_pipeline.shop.link_views import decision_view, offer_view
from etsy_pipeline.store import accounts
from etsy_pipeline.store import link_decisions as decision_log

router = APIRouter(prefix="/admin/etsy-accounts", tags=["links"])

THROUGH = "api"
MAX_LISTING_ID = 2**63 - 1

FieldName = Annotated[str, Field(max_length=50)]
ListingId = Annotated[int, Field(ge=1, le=MAX_LISTING_ID)]


class Candidate(BaseModel):
    """A product and a listing that may be the same thing, as the last plan found them.

    `evidence` says what speaks for it, and what against it, with both sides' values. `moved_from` is the product that
    the listing is linked to, and that Medusa no longer has: to attach it moves the listing.
    """

    product_id: str
    product_title: str
    product_skus: list[str]
    product_image_url: str
    listing_id: int
    listing_title: str
    listing_skus: list[str]
    listing_state: str
    listing_url: str
    listing_image_url: str
    listing_price: str
    kind: Literal["certain", "likely", "ambiguous"]
    evidence: list[dict[str, Any]]
    moved_from: str | None


class Candidates(BaseModel):
    """Part of the candidates, the surest first; `counts` are all of the account's by class."""

    link_candidates: list[Candidate]
    counts: dict[str, int]
    count: int
    offset: int
    limit: int


class LinkDecision(BaseModel):
    """What is decided, and by whom. Nothing of it writes to Etsy.

    To attach takes `product_id` and `listing_id`; to detach and to take back `product_id`; to move `product_id` and
    `to_product_id`; to ignore and to unignore `listing_id`; to create anyway `product_id` and, for one candidate only,
    `listing_id`.
    """

    decision: Act
    by: Name | None = Field(
        default=None, description="Who decides; not needed from whoever sends a token of their own, who it is then."
    )
    product_id: ProductId | None = None
    listing_id: ListingId | None = None
    to_product_id: ProductId | None = Field(default=None, description="The product that takes a listing over.")
    own: list[FieldName] = Field(default=[], max_length=50, description="Fields that become Medusa's.")
    keep: list[FieldName] = Field(default=[], max_length=50, description="Fields that stay the seller's.")
    variants: dict[ProductId, list[Annotated[str, Field(max_length=200)]]] = Field(
        default={}, max_length=500, description="Variant id → its option values on Etsy, where nothing else tells."
    )
    note: Note = ""


class Decision(BaseModel):
    """What somebody decided. `evidence` is what was known then, or what a link was before."""

    decision: str
    product_id: str | None
    listing_id: int | None
    decided_by: str
    decided_through: str
    note: str
    evidence: list[dict[str, Any]]
    created_at: str


class Decisions(BaseModel):
    """Part of the decisions, the last first."""

    link_decisions: list[Decision]
    count: int
    offset: int
    limit: int


@router.get("/{account_id}/link-candidates", summary="Products that may be on Etsy already")
def show(
    context: Context,
    account_id: AccountPath,
    page: Page,
    kind: Literal["certain", "likely", "ambiguous"] | None = None,
    product_id: IdFilter = None,
) -> Candidates:
    """Those that wait for a decision."""
    found = candidates.offers(
        context.store, account_id, kind=kind, product_id=product_id, first=page.offset, most=page.limit
    )
    shown = [Candidate(**offer_view(offered)) for offered in found.offers]
    return Candidates(
        link_candidates=shown, counts=dict(found.counts), count=found.total(kind), offset=page.offset, limit=page.limit
    )


@router.post("/{account_id}/link-decisions", summary="Decide which listing a product is")
def decide(context: Context, sender: Sender, account_id: AccountPath, body: LinkDecision) -> Done:
    """It is written down, and holds for the next plan."""
    request = LinkRequest(
        body.decision,
        body.product_id or "",
        body.listing_id,
        tuple(body.keep),
        tuple(body.own),
        {name: tuple(values) for name, values in body.variants.items()},
        body.to_product_id or "",
    )
    readers = wiring.link_readers(context.settings, context.store, account_id)
    said = Said(sender.decides_as(body.by or ""), THROUGH, body.note)
    decide_one(context.store, account_id, request, said, readers)
    return Done()


@router.get("/{account_id}/link-decisions", summary="Who decided what on products and listings")
def log(
    context: Context,
    account_id: AccountPath,
    page: Page,
    product_id: IdFilter = None,
    listing_id: Annotated[int | None, Field(ge=1, le=MAX_LISTING_ID)] = None,
) -> Decisions:
    """Those that match all filters."""
    with context.store.reading() as session:
        accounts.get(session, account_id)
        found, count = decision_log.log(
            session, account_id, product_id=product_id, listing_id=listing_id, first=page.offset, most=page.limit
        )
    shown = [Decision(**decision_view(item)) for item in found]
    return Decisions(link_decisions=shown, count=count, offset=page.offset, limit=page.limit)
