"""Files, videos and translations in a plan: what changes of them, in words and in calls, and never where files are."""

from dataclasses import replace
from typing import Any

from etsy_pipeline.listings.listing import ListingFile, ListingVideo, Translation
from etsy_pipeline.planning.changes import Difference
from etsy_pipeline.planning.plan import plan_product
from etsy_pipeline.planning.plan_item import PlanItem
from etsy_pipeline_tests.builders import a_shop, a_validated_listing
from etsy_pipeline_tests.planning.published import LINK, PUBLISHED

GERMAN = Translation("de", "Becher", "Von Hand.", ("becher",))
FRENCH = Translation("fr", "Tasse", "A la main.")
PATTERN, README = ListingFile("http://files.test/secret-1", "pattern.pdf"), ListingFile("http://x.test/2", "readme.txt")
THERE = replace(PUBLISHED, translations=(GERMAN, FRENCH), files=(PATTERN, README))


def planned(**fields: Any) -> PlanItem:
    found = a_validated_listing(listing=replace(THERE, **fields))
    return plan_product(found, replace(LINK, published=THERE), None, a_shop())


def change(item: PlanItem) -> Difference:
    (found,) = item.differences
    return found


def test_of_translations_those_are_told_that_change() -> None:
    told = change(planned(translations=(replace(GERMAN, title="Krug"), FRENCH)))
    assert (told.old, told.new) == ("de: Becher", "de: Krug")


def test_another_text_under_the_same_title_is_told() -> None:
    told = change(planned(translations=(replace(GERMAN, description="Neu.", tags=()), FRENCH)))
    assert (told.old, told.new) == ("de: Becher", "de: Becher (other description and tags)")


def test_a_language_that_comes_and_one_that_goes_are_told() -> None:
    told = change(planned(translations=(FRENCH, Translation("it", "Tazza", "A mano."))))
    assert (told.old, told.new) == ("de: Becher", "de: no longer ours; it: Tazza")


def test_a_file_at_another_address_is_new_content_and_no_address_is_told() -> None:
    item = planned(files=(replace(PATTERN, url="http://files.test/secret-2"), README))
    told = change(item)
    assert (told.old, told.new) == ("pattern.pdf, readme.txt", "pattern.pdf (new content), readme.txt")
    assert "secret" not in repr(item)


def test_a_new_listing_tells_the_names_of_its_files() -> None:
    unpublished = replace(LINK, published=None)
    item = plan_product(a_validated_listing(listing=THERE), unpublished, None, a_shop())
    told = {difference.field: difference.new for difference in item.differences}
    assert told["files"] == "pattern.pdf, readme.txt"
    assert told["translations"] == "de: Becher, fr: Tasse"
    assert "secret" not in repr(item)


def test_a_video_is_told_by_its_address() -> None:
    assert change(planned(videos=(ListingVideo("http://videos.test/a.mp4"),))).new == "http://videos.test/a.mp4"


def test_a_new_title_costs_a_call_for_each_translation_that_it_spoils() -> None:
    assert planned(title="Another mug").cost.calls == 3
    assert planned(tags=("another",)).cost.calls == 1
    assert planned(translations=(replace(GERMAN, title="Krug"), FRENCH)).cost.calls == 2
