"""Listings as text: the same listing is the same text, and the text is the same listing."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from etsy_pipeline.listings.codec import from_json, listing_from_json, listing_to_json, to_json
from etsy_pipeline.listings.listing import Inventory, Listing, ListingImage, Offering, VariationProperty
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline_tests.builders import a_listing, a_validated_listing, two_sizes

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MONEY = st.decimals(min_value=0, max_value=10**9, places=2)
OFFERINGS = st.builds(Offering, TEXT, st.tuples(TEXT), MONEY, st.integers(0, 999), st.booleans())
LISTINGS = st.builds(
    Listing,
    title=TEXT, description=TEXT, taxonomy_id=st.integers(1), who_made=st.just("i_did"), when_made=TEXT,
    shipping_profile_id=st.none() | st.integers(1), return_policy_id=st.none(), readiness_state_id=st.none(),
    currency_code=st.just("USD"),
    inventory=st.builds(
        Inventory, st.lists(OFFERINGS, min_size=1, max_size=3).map(tuple),
        st.just((VariationProperty(513, "Size"),)), price_on_property=st.just((513,)),
    ),
    images=st.lists(st.builds(ListingImage, TEXT, TEXT), max_size=2).map(tuple),
    tags=st.lists(TEXT, max_size=3).map(tuple), item_weight=st.none() | MONEY, publish_as=st.just("draft"),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(LISTINGS)
def test_a_listing_comes_back_as_it_was(listing: Listing) -> None:
    assert listing_from_json(listing_to_json(listing)) == listing
    validated = ValidatedListing("prod_1", listing.title, listing, (Verdict("a", "warning", "b", "c"),), "out of stock")
    assert from_json(to_json(validated)) == validated
    assert listing_to_json(listing_from_json(listing_to_json(listing))) == listing_to_json(listing)


def test_a_refused_product_comes_back_as_it_was() -> None:
    validated = a_validated_listing(listing=None, verdicts=(Verdict("a", "error", "b", "c", "d"),))
    assert from_json(to_json(validated)) == validated


def test_the_text_is_canonical() -> None:
    """It is hashed: sorted keys, no spaces, decimals as text and never as binary fractions."""
    text = listing_to_json(a_listing(inventory=two_sizes(("10.10", "12")), item_weight=Decimal("0.1")))
    assert text.isascii()
    assert '"price":"10.10"' in text
    assert '"item_weight":"0.1"' in text
    assert ', "' not in text
    assert text.index('"currency_code"') < text.index('"description"') < text.index('"title"')
