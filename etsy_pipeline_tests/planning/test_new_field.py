"""A new field of listings is one row in the plan's table and one in Etsy's form: everything else goes over these."""

from dataclasses import replace

import pytest

from etsy_pipeline.errors import Refused
from etsy_pipeline.etsy import requests
from etsy_pipeline.etsy.live import live_listing
from etsy_pipeline.planning.drift_check import require_as_planned
from etsy_pipeline.planning.fields import FIELDS, PlanField
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline.planning.read_back import not_applied
from etsy_pipeline.planning.sending import sent_fields
from etsy_pipeline.planning.source_drift import source_change
from etsy_pipeline.providers.protocols import ListingChange
from etsy_pipeline_tests.builders import a_shop, a_validated_listing
from etsy_pipeline_tests.planning.published import LINK, PUBLISHED

WANTED = replace(PUBLISHED, styles=("Boho",))


@pytest.fixture(autouse=True)
def _a_new_field(monkeypatch: pytest.MonkeyPatch) -> None:
    """Styles, which Etsy is told today when a listing is created, become a field of plans: all that it takes."""
    monkeypatch.setitem(FIELDS, "styles", PlanField("listing", lambda listing: listing.styles, {"styles": ()}))
    monkeypatch.setitem(requests.SHARED, "styles", requests.Field("styles", lambda listing: listing.styles))


def planned(live: LiveListing | None = None) -> PlanItem:
    return plan_product(a_validated_listing(listing=WANTED), LINK, live, a_shop())


def on_etsy(*styles: str) -> LiveListing:
    """The listing in the words of Etsy's answers."""
    return live_listing({"listing_id": 42, "state": "active", "styles": list(styles)}, PUBLISHED.inventory)


def test_it_is_planned() -> None:
    item = planned()
    assert [(change.field, change.old, change.new) for change in item.differences] == [("styles", "–", "Boho")]
    assert (item.cost.calls, sorted(sent_fields(item))) == (1, ["styles"])


def test_it_is_sent() -> None:
    item = planned()
    change = ListingChange(item.desired, sorted(sent_fields(item)))
    assert requests.change_form(change) == {"styles": "Boho"}
    assert requests.create_form(WANTED, reference="r")["styles"] == "Boho"


def test_an_edit_on_etsy_is_a_conflict_and_one_after_the_plan_is_not_overwritten() -> None:
    assert [conflict.field for conflict in planned(on_etsy("Modern")).conflicts] == ["styles"]
    require_as_planned(planned(on_etsy()), LINK, on_etsy(), a_shop())
    with pytest.raises(Refused, match="styles is Modern"):
        require_as_planned(planned(on_etsy()), LINK, on_etsy("Modern"), a_shop())


def test_a_change_in_medusa_after_the_plan_is_not_sent() -> None:
    now = a_validated_listing(listing=replace(WANTED, styles=("Modern",)))
    change = source_change(planned(), LINK, now, None, a_shop())
    assert change is not None
    assert (change.told, change.with_less) == ("styles is another one", None)


def test_it_is_read_back() -> None:
    assert not_applied(planned(), None, (), on_etsy("Boho")) == []
    assert not_applied(planned(), None, (), on_etsy("Modern")) == ["styles"]


def test_it_can_be_the_sellers() -> None:
    settings = a_shop().model_copy(update={"ownership": {"styles": "seller"}})
    assert plan_product(a_validated_listing(listing=WANTED), LINK, None, settings).action == "skip"
    created = plan_product(a_validated_listing(listing=WANTED), None, None, settings)
    assert created.desired is not None
    assert created.desired.styles == ()
