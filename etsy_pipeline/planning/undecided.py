"""What waits for a person's decision: products that may be on Etsy already, and listings that may have moved.

Pure. A product that is not to be created is invalid, whatever else is right with it, so that no policy and no bulk
approval creates it. Which listings it may be is found in `linking/candidates.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etsy_pipeline.linking.candidates import Candidate
from etsy_pipeline.linking.evidence import Evidence, listed
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning.link import Link
from etsy_pipeline.planning.plan_item import PlanItem

MOST_TOLD = 3  # candidates of a product that its plan names

WHY = {
    "metadata_listing_id": "its metadata name the listing",
    "sku_set_equal": "the same SKUs",
    "sku_set_overlap": "some of the same SKUs",
    "sku_single_shared": "its SKUs begin with the listing's",
    "sku_like": "SKUs that differ in separators or zeros only",
    "url_in_text": "the listing's text names its address",
    "barcode_in_sku": "its barcode is the listing's SKU",
    "title_equal": "the same title",
    "title_tokens": "a title like it",
    "handle_equal": "the handle of the product that it was",
    "handle_like": "a handle like that of the product that it was",
    "options_equal": "the same variations",
    "skus_differ": "but other SKUs",
    "sku_elsewhere": "but a SKU stands elsewhere, too",
    "removed_by_etsy": "but Etsy took it down",
    "detached": "but it was detached from it",
}
"""What speaks for a candidate, and against it, in words."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A candidate of a product, with the listing as it was seen."""

    candidate: Candidate
    listing: SeenListing


def held_for_decision(validated: ValidatedListing, link: Link | None, doubts: Sequence[Doubt]) -> ValidatedListing:
    """The product as it is planned: one that may be on Etsy already breaks a rule, until a person has decided.

    Args:
        validated: the listing it should become.
        link: what we published, if anything.
        doubts: the listings that it may be, the best first.
    """
    if not doubts or not _would_be_created(validated, link):
        return validated
    return _forbidden(validated, [_told(doubt) for doubt in doubts[:MOST_TOLD]])


def unless_scanned(validated: ValidatedListing, link: Link | None, scan: str) -> ValidatedListing:
    """The product as it is planned where nobody has looked through the shop lately: none is created blindly.

    Args:
        validated: the listing it should become.
        link: what we published, if anything.
        scan: when the shop was looked through last, in words.
    """
    if not _would_be_created(validated, link):
        return validated
    return _forbidden(validated, [verdict("shop_not_scanned", scan=scan)])


def may_have_moved(link: Link, product_ids: Sequence[str]) -> PlanItem:
    """What is planned of a product that is gone while its listing may belong to new ones: nothing.

    Args:
        link: of the product that is gone.
        product_ids: the new products.
    """
    new = listed(product_ids)
    reason = f"may have moved to {new}; decide with `etsy-pipeline links candidates {link.etsy_account_id}`"
    return PlanItem(link.product_id, link.product_title, "skip", reason, etsy_listing_id=link.etsy_listing_id)


def to_be_decided(count: int, account_id: str) -> str:
    """What is told of a plan that sends nothing while so many products wait for a decision."""
    products = "1 product" if count == 1 else f"{count:,} products"
    return (
        f"{products} may be on Etsy already, and nothing is created until you have decided: "
        f"`etsy-pipeline links candidates {account_id}`, or Candidates on the review page."
    )


def _would_be_created(validated: ValidatedListing, link: Link | None) -> bool:
    return not validated.absent_because and (link is None or link.etsy_listing_id is None)


def _forbidden(validated: ValidatedListing, found: Sequence[Verdict]) -> ValidatedListing:
    return replace(validated, listing=None, verdicts=(*validated.verdicts, *found))


def _told(doubt: Doubt) -> Verdict:
    candidate, listing = doubt.candidate, doubt.listing
    facts = [listing.state, *([f"SKU {listed(listing.skus)}"] if listing.skus else ["no SKU"])]
    if candidate.moved_from:
        facts.append(f"linked to {candidate.moved_from}, which this plan did not find for sale")
    parts = [f"listing {listing.listing_id}", f"“{listing.title}”", f"({', '.join(facts)})", listing.url]
    parts += [f"picture {listing.image_url}"] if listing.image_url else []
    return verdict("listing_may_exist", listing=" ".join(filter(None, parts)), kind=candidate.kind, why=_why(candidate))


def _why(candidate: Candidate) -> str:
    known: Sequence[Evidence] = [item for item in candidate.evidence if item.code in WHY]
    return ", ".join(WHY[item.code] for item in known)
