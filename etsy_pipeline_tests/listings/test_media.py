"""Translations, files and videos of a product: what is sent of its metadata, and what is told."""

from typing import Any

import pytest

from etsy_pipeline.listings.listing import ListingFile, ListingVideo, Translation
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline_tests.builders import a_product, a_shop, codes, listing_of, validated

GERMAN = {"etsy_title_de": "Becher", "etsy_description_de": "<p>Von Hand.</p>", "etsy_tags_de": "becher, ton"}
SECRET = "https://files.test/pattern.pdf?signature=abc"


def of(metadata: dict[str, Any], *, shop: dict[str, Any] | None = None, **known: Any) -> ValidatedListing:
    product = a_product(metadata={"etsy_taxonomy_id": 891, **metadata})
    return validated(product, a_shop(**(shop or {})), **known)


def download(files: object, **metadata: Any) -> ValidatedListing:
    return of({"etsy_type": "download", "etsy_files": files, **metadata})


def told(found: ValidatedListing) -> str:
    return " ".join(f"{item.field} {item.message} {item.hint}" for item in found.verdicts)


class TestTranslations:
    """Texts in other languages: etsy_title_de and the like."""

    def test_are_cleaned_like_the_shops_own_texts(self) -> None:
        assert listing_of(of(GERMAN)).translations == (Translation("de", "Becher", "Von Hand.", ("becher", "ton")),)

    def test_come_in_the_order_of_their_languages(self) -> None:
        french = {"etsy_title_fr": "Tasse", "etsy_description_fr": "A la main."}
        assert [item.language for item in listing_of(of(french | GERMAN)).translations] == ["de", "fr"]

    @pytest.mark.parametrize("key", ["etsy_title_de", "etsy_description_de"])
    def test_need_a_title_and_a_description(self, key: str) -> None:
        found = of({name: value for name, value in GERMAN.items() if name != key})
        assert listing_of(found).translations == ()
        assert codes(found) == ["translation_incomplete"]
        assert key in told(found)

    def test_one_that_etsy_would_refuse_is_left_out_and_keeps_no_product_off(self) -> None:
        found = of(GERMAN | {"etsy_title_de": "x" * 141})
        assert listing_of(found).translations == ()
        assert codes(found) == ["translation_unfit"]
        assert found.verdicts[0].field == "translations.de"
        assert "141 characters" in told(found)

    def test_a_warning_names_the_language(self) -> None:
        found = of(GERMAN | {"etsy_tags_de": "becher, ein sehr langes schlagwort"})
        assert found.verdicts[0].field == "translations.de"
        assert found.verdicts[0].message.startswith("In de: ")

    def test_the_shops_own_language_is_none(self) -> None:
        found = of(GERMAN, language="de")
        assert listing_of(found).translations == ()
        assert codes(found) == ["translation_primary_language"]

    def test_a_language_that_etsy_does_not_have_is_told(self) -> None:
        assert codes(of({"etsy_title_xx": "?", "etsy_description_xx": "?"})) == ["translation_language_unknown"]

    @pytest.mark.parametrize("language", ["DE", "pt-br", "pt_BR"])
    def test_a_language_that_is_written_otherwise_is_told(self, language: str) -> None:
        found = of({f"etsy_title_{language}": "Becher", f"etsy_description_{language}": "Von Hand."})
        assert codes(found) == ["translation_language_unknown"]
        assert repr(language) in found.verdicts[0].message

    def test_blank_metadata_are_none(self) -> None:
        assert codes(of({"etsy_title_de": " ", "etsy_description_de": ""})) == []

    def test_of_a_wrong_type_are_told(self) -> None:
        assert codes(of(GERMAN | {"etsy_title_de": ["Becher"]})) == ["translation_incomplete", "metadata_unusable"]

    def test_are_not_looked_at_where_they_are_the_sellers(self) -> None:
        found = of(GERMAN | {"etsy_title_de": "x" * 141}, shop={"ownership": {"translations": "seller"}})
        assert (listing_of(found).translations, codes(found)) == ((), [])


class TestFiles:
    """Of downloads: etsy_files."""

    @pytest.mark.parametrize(
        ("files", "names"),
        [
            (SECRET, ["pattern.pdf"]),
            ([SECRET], ["pattern.pdf"]),
            (f'["{SECRET}"]', ["pattern.pdf"]),
            ([{"url": SECRET, "name": "Sew it.pdf"}], ["Sew it.pdf"]),
            ({"url": SECRET}, ["pattern.pdf"]),
            (["https://files.test/a%20b.pdf", SECRET], ["a b.pdf", "pattern.pdf"]),
            ([{"url": SECRET, "name": "../../etc\r\n/x"}], [".. .. etc x"]),
        ],
    )
    def test_are_an_address_or_a_list_of_them(self, files: object, names: list[str]) -> None:
        listing = listing_of(download(files))
        assert [file.name for file in listing.files] == names
        assert (listing.type, listing.publish_as, listing.shipping_profile_id) == ("download", "active", None)

    def test_where_the_stock_is_not_tracked_there_is_no_end_of_it(self) -> None:
        endless = a_product().variants[0].model_copy(update={"available": None})
        product = a_product(
            metadata={"etsy_taxonomy_id": 891, "etsy_type": "download", "etsy_files": SECRET}, variants=(endless,)
        )
        assert listing_of(validated(product)).quantity == 999

    @pytest.mark.parametrize(
        ("files", "code"),
        [
            ("/static/pattern.pdf", "file_unusable"),
            ("ftp://files.test/pattern.pdf", "file_unusable"),
            (17, "file_unusable"),
            ([None], "file_unusable"),
            ("[broken", "file_unusable"),
            ([{"name": "no address"}], "file_unusable"),
            ([{"url": SECRET, "name": 3}], "file_unusable"),
            ([SECRET, SECRET], "file_name_repeated"),
            ([f"https://files.test/{number}.pdf?signature=abc" for number in range(6)], "too_many_files"),
        ],
    )
    def test_the_goods_are_never_left_out_in_silence(self, files: object, code: str) -> None:
        found = download(files)
        assert found.listing is None
        assert code in codes(found)
        assert "signature" not in told(found)

    def test_a_download_without_any_stays_a_draft(self) -> None:
        found = of({"etsy_type": "download"})
        assert listing_of(found).publish_as == "draft"
        assert codes(found) == ["download_files_missing"]

    def test_a_physical_product_has_none(self) -> None:
        found = of({"etsy_files": SECRET})
        assert listing_of(found).files == ()
        assert codes(found) == ["files_of_no_download"]

    def test_say_nothing_of_where_they_are(self) -> None:
        assert SECRET not in repr(ListingFile(SECRET, "pattern.pdf"))


class TestVideos:
    """In metadata, or among the pictures."""

    @pytest.mark.parametrize(
        "metadata",
        [
            {"etsy_video": "https://videos.test/turning.mp4"},
            {"video_url": "https://videos.test/turning.mp4"},
            {"etsy_video": ["https://videos.test/turning.mp4"]},
            {"etsy_video": '["https://videos.test/turning.mp4"]'},
        ],
    )
    def test_are_an_address_or_a_list_of_them(self, metadata: dict[str, Any]) -> None:
        assert listing_of(of(metadata)).videos == (ListingVideo("https://videos.test/turning.mp4"),)

    def test_among_the_pictures_are_no_pictures(self) -> None:
        urls = ("http://medusa.test/mug.jpg", "http://medusa.test/turning.MP4?v=1")
        listing = listing_of(validated(a_product(image_urls=urls)))
        assert [image.url for image in listing.images] == ["http://medusa.test/mug.jpg"]
        assert listing.videos == (ListingVideo("http://medusa.test/turning.MP4?v=1"),)

    def test_two_are_sent_and_the_others_told(self) -> None:
        found = of({"etsy_video": [f"https://videos.test/{number}.mp4" for number in range(3)]})
        assert len(listing_of(found).videos) == 2
        assert codes(found) == ["too_many_videos"]

    @pytest.mark.parametrize("value", ["https://videos.test/watch?v=1", "turning.mp4", "https://videos.test/a.pdf"])
    def test_one_without_a_known_ending_is_left_out_and_told(self, value: str) -> None:
        found = of({"etsy_video": value})
        assert listing_of(found).videos == ()
        assert codes(found) == ["video_unusable"]

    @pytest.mark.parametrize("value", [17, {"url": "x"}, [3], "[broken"])
    def test_of_a_wrong_type_are_told(self, value: object) -> None:
        found = of({"etsy_video": value})
        assert listing_of(found).videos == ()
        assert codes(found) == ["videos_unreadable"]
