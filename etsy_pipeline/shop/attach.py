"""Making a link of a listing that was there before: read from Etsy, written into the books, nothing sent."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from etsy_pipeline.errors import Conflict, NotFound, PipelineError
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.linking.variant_map import map_variants
from etsy_pipeline.listings.listing import Listing
from etsy_pipeline.listings.plan_settings import FIELDS
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.adopted_links import STOCK_KEEPS, baseline, keeps_of
from etsy_pipeline.planning.link import GONE, Link, LiveListing
from etsy_pipeline.shop.link_requests import KnownProduct, LinkRequest
from etsy_pipeline.store.records import EtsyAccount


def live_refusal(request: LinkRequest, live: Mapping[int, LiveListing]) -> PipelineError | None:
    """Why a listing cannot be adopted as Etsy has it now; None where it can."""
    found = live.get(request.listing_id or 0)
    if found is None or found.state == GONE:
        return NotFound(
            f"Etsy does not have listing {request.listing_id} any more.",
            code="listing_not_found",
            hint="Scan the shop again: `etsy-pipeline shop scan ACCOUNT`.",
        )
    if found.state == "removed":
        return Conflict(
            f"Etsy has taken listing {request.listing_id} down.",
            code="listing_removed",
            hint="Clear that up with Etsy first.",
        )
    return None


def adopted(
    request: LinkRequest,
    product: KnownProduct,
    seen: SeenListing,
    live: LiveListing,
    *,
    before: Link | None,
    account: EtsyAccount,
    settings: ShopSettings,
) -> Link:
    """The link of a listing that is adopted. What Etsy has counts as published, so that the next plan compares with it.

    `wanted_state` is active whatever state it is in: that the listing is not on sale was its seller's doing, or time's.
    `last_synced_at` stays empty until its first plan, which needs a person, was published.
    """
    published = as_published(account, seen, live)
    mapped, _ = map_variants(product.identity, published.inventory, request.by_hand)
    keeps = keeps_of(settings, keep=request.keep, own=request.own)
    if (
        not mapped or live.inventory is None or published.readiness_state_id is None
    ):  # its stock cannot be told, or sent
        keeps = tuple(name for name in FIELDS if name in STOCK_KEEPS.union(keeps))
    waits = before if before is not None and before.sync_status == "pending" else Link(request.product_id)
    renews = live.values.get("should_auto_renew")
    return Link(
        product_id=request.product_id,
        etsy_account_id=account.id,
        product_title=product.title,
        sync_status="pending" if before is waits else "synced",
        etsy_listing_id=live.listing_id,
        etsy_url=seen.url or None,
        listing_state=live.state,
        wanted_state="active",
        published=published,
        create_reference=before.create_reference if before else None,
        transaction_id=waits.transaction_id,
        origin="adopted",
        keeps=keeps,
        variant_map=mapped,
        ending_at=seen.ending_at,
        should_auto_renew=renews if isinstance(renews, bool) else seen.should_auto_renew,
    )


def as_published(account: EtsyAccount, seen: SeenListing, live: LiveListing) -> Listing:
    """What counts as published of a listing that was there before: what Etsy has."""
    try:
        price = Decimal(seen.price)
    except InvalidOperation:
        price = Decimal(0)
    return baseline(live, currency_code=account.currency_code or "", price=price, quantity=seen.quantity)


def handed_over(link: Link, product_id: str, product: KnownProduct) -> Link:
    """The link of a listing that another product takes over: as it stands, its variants mapped anew."""
    mapped = link.variant_map
    if mapped and link.published is not None:
        mapped, _ = map_variants(product.identity, link.published.inventory)
    status = "synced" if link.sync_status == "pending" else link.sync_status
    return replace(
        link, product_id=product_id, product_title=product.title, variant_map=mapped, sync_status=status,
        transaction_id=None,
    )  # fmt: skip
