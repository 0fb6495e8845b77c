"""Texts in other languages: sent after the last PATCH, read back, and never lost by a change of the listing."""

from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.publishing.extras import ExtrasPublisher
from etsy_pipeline_tests.publishing.goods import change, on_etsy, say
from etsy_pipeline_tests.publishing.shop import Shop, one_product

pytestmark = pytest.mark.usefixtures("no_waiting")
GERMAN = {
    "etsy_title_de": "Becher aus Steinzeug",
    "etsy_description_de": "Von Hand gedreht.",
    "etsy_tags_de": "becher, steinzeug",
}
FRENCH_BY_HAND = {"title": "Tasse en grès", "description": "Tournée à la main.", "tags": ["tasse"]}


@pytest.fixture
def product(shop: Shop) -> str:
    product_id = one_product(shop)
    say(shop, product_id, **GERMAN)
    return product_id


def texts(shop: Shop) -> dict[str, str]:
    """The title in each other language."""
    return {language: item["title"] for language, item in on_etsy(shop).get("translations", {}).items()}


def by_hand(shop: Shop, **translations: dict[str, Any]) -> None:
    """What the seller writes in Shop Manager."""
    there = on_etsy(shop)
    known = there.get("translations", {}) | translations
    shop.world.etsy("PATCH", f"listings/{there['listing_id']}", {"translations": known})


def killed(*_: object, **__: object) -> None:
    """The publisher's process ends here."""
    raise KeyboardInterrupt


@pytest.mark.usefixtures("product")
def test_are_on_the_new_listing_and_then_nothing_differs(shop: Shop) -> None:
    assert shop.sync().synced_count == 1
    assert on_etsy(shop)["translations"]["de"] == {
        "tags": ["becher", "steinzeug"],
        "title": "Becher aus Steinzeug",
        "description": "Von Hand gedreht.",
    }
    assert on_etsy(shop)["state"] == "active"
    assert shop.calls_of(shop.plan()) == {}


def test_a_new_title_costs_one_call_for_each_language_and_no_look(shop: Shop, product: str) -> None:
    shop.sync()
    by_hand(shop, fr=FRENCH_BY_HAND)
    change(shop, product, title="Stoneware Mug, the new one")
    calls = shop.calls_of(shop.plan())
    assert texts(shop) == {"de": "Becher aus Steinzeug", "fr": "Tasse en grès"}
    assert calls["updateListing"] == 1
    sent = calls["updateListingTranslation"], calls["createListingTranslation"]
    assert sent == (2, 2), "the local Etsy cleared them, which the first try of each found out"
    assert "getListing" not in calls


def test_what_the_seller_changed_of_ours_stays_where_the_plan_sends_no_translation(shop: Shop, product: str) -> None:
    shop.sync()
    ours = on_etsy(shop)["translations"]["de"]
    by_hand(shop, de=ours | {"title": "Schöner Becher"})
    change(shop, product, title="Stoneware Mug, the new one")
    assert shop.sync().synced_count == 1
    assert texts(shop) == {"de": "Schöner Becher"}


def test_another_text_of_one_language_is_one_call(shop: Shop, product: str) -> None:
    shop.sync()
    by_hand(shop, fr=FRENCH_BY_HAND)
    say(shop, product, etsy_title_de="Großer Becher")
    job = shop.plan()
    (difference,) = shop.items(job)[0].plan.differences
    assert (difference.old, difference.new) == ("de: Becher aus Steinzeug", "de: Großer Becher")
    calls = shop.calls_of(job)
    assert texts(shop) == {"de": "Großer Becher", "fr": "Tasse en grès"}
    assert calls["updateListingTranslation"] == 1
    assert "updateListing" not in calls


def test_a_state_that_spoils_them_is_seen_and_mended(shop: Shop, product: str) -> None:
    shop.sync()
    by_hand(shop, fr=FRENCH_BY_HAND)
    change(shop, product, status="draft")
    assert shop.sync().synced_count == 1
    assert on_etsy(shop)["state"] == "inactive"
    assert set(texts(shop)) == {"de", "fr"}
    change(shop, product, status="published")
    assert shop.sync().synced_count == 1
    assert on_etsy(shop)["state"] == "active"
    assert set(texts(shop)) == {"de", "fr"}


def test_a_publisher_that_died_after_the_new_title_puts_them_back(
    shop: Shop, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.sync()
    by_hand(shop, fr=FRENCH_BY_HAND)
    change(shop, product, title="Stoneware Mug, the new one")
    job = shop.plan()
    shop.approve(job)
    with monkeypatch.context() as patch:
        patch.setattr(ExtrasPublisher, "put_last", killed)
        with pytest.raises(KeyboardInterrupt):
            shop.publish(job)
    assert texts(shop) == {}, "the new title cleared them"
    assert shop.publish(job).synced_count == 1
    assert set(texts(shop)) == {"de", "fr"}


def test_what_a_failed_attempt_spoilt_is_put_back_by_the_next_sync(shop: Shop, product: str) -> None:
    shop.sync()
    by_hand(shop, fr=FRENCH_BY_HAND)
    change(shop, product, title="Stoneware Mug, the new one")
    for operation in ("createListingTranslation", "updateListingTranslation"):
        shop.fault(operation=operation, kind="status", status=403, body={"error": "Forbidden"})
    assert shop.sync().failed_count == 1
    assert texts(shop) == {}
    shop.world.etsy("DELETE", "faults")
    assert shop.sync().synced_count == 1
    assert set(texts(shop)) == {"de", "fr"}


@pytest.mark.parametrize("kind", ["drop_after", "fail_after", "drop_before"])
@pytest.mark.usefixtures("product")
def test_a_lost_answer_changes_nothing(shop: Shop, kind: str) -> None:
    shop.fault(operation="createListingTranslation", kind=kind, times=1)
    assert shop.sync().synced_count == 1
    assert texts(shop) == {"de": "Becher aus Steinzeug"}


@pytest.mark.usefixtures("product")
def test_one_that_was_accepted_and_not_applied_is_sent_again(shop: Shop) -> None:
    shop.fault(operation="createListingTranslation", kind="silent_200", times=1)
    assert shop.sync().synced_count == 1
    assert texts(shop) == {"de": "Becher aus Steinzeug"}


class TestABrokenTranslation:
    """One that lacks its description: Etsy then refuses every change of the listing (#364)."""

    BROKEN = {"title": "Tasse", "description": "", "tags": []}  # noqa: RUF012 - a table

    def test_of_the_sellers_is_told_with_what_to_do(self, shop: Shop, product: str) -> None:
        shop.sync()
        by_hand(shop, fr=self.BROKEN)
        change(shop, product, title="Stoneware Mug, the new one")
        job = shop.sync()
        (item,) = shop.items(job)
        assert item.error_code == "etsy_translation_broken"
        assert "complete it or delete it in Shop Manager" in (item.error_message or "")

    def test_of_ours_is_mended_first(self, shop: Shop, product: str) -> None:
        shop.sync()
        by_hand(shop, de=self.BROKEN)
        change(shop, product, title="Stoneware Mug, the new one")
        say(shop, product, etsy_title_de="Großer Becher")
        assert shop.sync().synced_count == 1
        assert texts(shop) == {"de": "Großer Becher"}


def test_the_shops_own_language_is_left_out_and_told(shop: Shop, product: str) -> None:
    say(shop, product, etsy_title_en="Mug", etsy_description_en="By hand.")
    job = shop.sync()
    assert job.synced_count == 1
    told = [verdict.code for verdict in shop.items(job)[0].plan.verdicts]
    assert "translation_primary_language" in told
    assert texts(shop) == {"de": "Becher aus Steinzeug"}


def test_are_the_sellers_where_the_shop_says_so(shop: Shop, product: str) -> None:
    configure.configure(shop.store, shop.id, {"ownership": {"translations": "seller"}})
    shop.sync()
    assert texts(shop) == {}
    by_hand(shop, de=FRENCH_BY_HAND)
    change(shop, product, title="Stoneware Mug, the new one")
    assert shop.sync().synced_count == 1
    assert texts(shop) == {"de": "Tasse en grès"}
