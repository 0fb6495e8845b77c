"""The local Etsy's videos, files and translations, as strict as LISTING_EXTRAS §2, §4 and §5 say."""

from typing import Any

import httpx
import pytest

from etsy_pipeline_tests.etsy_spec import response_problems
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy, control
from etsy_pipeline_tests.sandbox.listings import inventory_of, put_inventory, upload
from etsy_pipeline_tests.world import World

TEXTS = {"title": "Becher", "description": "Von Hand.", "tags": "becher,ton"}


def shops(listing_id: int, path: str) -> str:
    return f"/shops/{SHOP}/listings/{listing_id}/{path}"


def translate(etsy: Etsy, listing_id: int, method: str = "POST", language: str = "de", **texts: str) -> httpx.Response:
    return etsy(method, shops(listing_id, f"translations/{language}"), data=TEXTS | texts)


def translations(etsy: Etsy, listing_id: int) -> dict[str, Any]:
    found = etsy("GET", f"/listings/{listing_id}", params={"includes": "Translations"}).json()["translations"]
    return {language: texts for language, texts in found.items() if texts}


def a_download(etsy: Etsy, **changes: str | None) -> int:
    return etsy.draft(type="download", shipping_profile_id=None, readiness_state_id=None, **changes)


def attach(etsy: Etsy, listing_id: int, name: str = "pattern.pdf", content: bytes = b"cut here") -> httpx.Response:
    return etsy("POST", shops(listing_id, "files"), data={"name": name}, files={"file": (name, content)})


def film(etsy: Etsy, listing_id: int, name: str = "turning.mp4", **query: str) -> httpx.Response:
    return etsy(
        "POST", shops(listing_id, "videos"), data={"name": name}, files={"video": (name, b"it turns")}, params=query
    )


class TestTranslations:
    """LISTING_EXTRAS §5."""

    def test_are_made_once_and_then_changed(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        assert translate(etsy, listing_id, "PUT").status_code == 404
        answer = translate(etsy, listing_id)
        assert (answer.status_code, response_problems("createListingTranslation", 200, answer.json())) == (200, [])
        assert translate(etsy, listing_id).status_code == 400
        assert translate(etsy, listing_id, "PUT", title="Tasse").json()["title"] == "Tasse"

    def test_all_languages_are_told_null_where_there_is_none(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        translate(etsy, listing_id)
        answer = etsy("GET", f"/listings/{listing_id}", params={"includes": "Translations"}).json()
        assert response_problems("getListing", 200, answer) == []
        assert answer["translations"]["fr"] is None
        assert answer["translations"]["de"]["description"] == "Von Hand."

    def test_the_shops_own_language_is_none(self, etsy: Etsy) -> None:
        answer = translate(etsy, etsy.draft(), language="en")
        assert answer.json()["error"] == "Cannot create or delete Translations in a Shop's primary language"

    @pytest.mark.parametrize("form", [{"title": "Becher"}, {"title": "Becher", "description": " "}])
    def test_need_both_texts(self, etsy: Etsy, form: dict[str, str]) -> None:
        assert etsy("POST", shops(etsy.draft(), "translations/de"), data=form).status_code == 400

    @pytest.mark.parametrize("form", [{"title": "Another"}, {"description": "Another"}])
    def test_a_new_text_clears_them(self, etsy: Etsy, form: dict[str, str]) -> None:
        listing_id = etsy.draft()
        translate(etsy, listing_id)
        etsy.patch(listing_id, **form)
        assert translations(etsy, listing_id) == {}

    def test_so_does_another_state(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        upload(etsy, listing_id)
        translate(etsy, listing_id)
        etsy.patch(listing_id, state="active")
        assert translations(etsy, listing_id) == {}

    def test_another_change_leaves_them(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        translate(etsy, listing_id)
        etsy.patch(listing_id, tags="mug")
        assert set(translations(etsy, listing_id)) == {"de"}

    def test_a_broken_one_lets_no_change_pass(self, world: World, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        control(
            world, "PATCH", f"listings/{listing_id}", {"translations": {"fr": {"title": "Tasse", "description": ""}}}
        )
        answer = etsy.patch(listing_id, tags="mug")
        assert answer.json()["error"] == "There was a problem with /description/3 : cannot be empty"


class TestFiles:
    """LISTING_EXTRAS §4."""

    def test_are_told_with_name_and_size(self, etsy: Etsy) -> None:
        listing_id = a_download(etsy)
        answer = attach(etsy, listing_id)
        assert (answer.status_code, response_problems("uploadListingFile", 201, answer.json())) == (201, [])
        found = etsy("GET", shops(listing_id, "files")).json()
        assert response_problems("getAllListingFiles", 200, found) == []
        assert [(item["filename"], item["size_bytes"]) for item in found["results"]] == [("pattern.pdf", 8)]

    def test_the_same_name_twice_are_two(self, etsy: Etsy) -> None:
        listing_id = a_download(etsy)
        attach(etsy, listing_id)
        attach(etsy, listing_id)
        assert etsy("GET", shops(listing_id, "files")).json()["count"] == 2

    def test_one_on_a_physical_listing_makes_it_a_download_without_variations(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        put_inventory(etsy, listing_id, inventory_of("S", "L"))
        attach(etsy, listing_id)
        listing = etsy("GET", f"/listings/{listing_id}").json()
        assert (listing["listing_type"], listing["has_variations"], listing["shipping_profile_id"]) == (
            "download", False, None,
        )  # fmt: skip

    def test_without_its_last_one_it_is_physical(self, etsy: Etsy) -> None:
        listing_id = a_download(etsy)
        file_id = attach(etsy, listing_id).json()["listing_file_id"]
        assert etsy("DELETE", shops(listing_id, f"files/{file_id}")).status_code == 204
        assert etsy("GET", f"/listings/{listing_id}").json()["listing_type"] == "physical"
        assert etsy("DELETE", shops(listing_id, f"files/{file_id}")).status_code == 404

    def test_a_download_needs_one_to_be_published(self, etsy: Etsy) -> None:
        listing_id = a_download(etsy, when_made="2020_2026")
        upload(etsy, listing_id)
        assert etsy.patch(listing_id, state="active").status_code == 400
        attach(etsy, listing_id)
        assert etsy.patch(listing_id, state="active").status_code == 200

    def test_a_sixth_is_refused(self, etsy: Etsy) -> None:
        listing_id = a_download(etsy)
        answers = [attach(etsy, listing_id, f"{number}.pdf").status_code for number in range(6)]
        assert answers == [201] * 5 + [400]

    def test_a_boundary_that_is_not_the_bodys_is_refused(self, etsy: Etsy) -> None:
        headers = {"content-type": "multipart/form-data; boundary=other"}
        body = b'--one\r\ncontent-disposition: form-data; name="name"\r\n\r\na.pdf\r\n--one--\r\n'
        answer = etsy("POST", shops(a_download(etsy), "files"), content=body, headers=headers)
        assert answer.status_code == 400


class TestVideos:
    """LISTING_EXTRAS §2."""

    def test_are_told_without_name_and_content(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        answer = film(etsy, listing_id)
        assert (answer.status_code, response_problems("uploadListingVideo", 201, answer.json())) == (201, [])
        found = etsy("GET", f"/listings/{listing_id}/videos").json()
        assert response_problems("getListingVideos", 200, found) == []
        assert "turning" not in str(found)

    def test_are_worked_on_at_first(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        film(etsy, listing_id)
        looks = [etsy("GET", f"/listings/{listing_id}/videos").json()["results"][0]["video_state"] for _ in range(2)]
        assert looks == ["inactive", "active"]

    def test_a_third_is_a_conflict_and_none_replaces_another(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        assert [film(etsy, listing_id).status_code for _ in range(3)] == [201, 201, 409]
        first = etsy("GET", f"/listings/{listing_id}/videos").json()["results"][0]["video_id"]
        assert etsy("DELETE", shops(listing_id, f"videos/{first}")).status_code == 204
        assert film(etsy, listing_id).status_code == 201

    def test_the_eleventh_of_a_day_is_too_many(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        for _ in range(10):
            video_id = film(etsy, listing_id).json()["video_id"]
            etsy("DELETE", shops(listing_id, f"videos/{video_id}"))
        answer = film(etsy, listing_id)
        assert (answer.status_code, int(answer.headers["retry-after"]) > 80_000) == (429, True)

    def test_the_parameter_of_before_is_gone(self, etsy: Etsy) -> None:
        assert film(etsy, etsy.draft(), is_multi_video="true").status_code == 400

    def test_are_in_a_listing_when_asked_for(self, etsy: Etsy) -> None:
        listing_id = etsy.draft()
        film(etsy, listing_id)
        answer = etsy("GET", f"/listings/{listing_id}", params={"includes": "Videos"}).json()
        assert (len(answer["videos"]), response_problems("getListing", 200, answer)) == (1, [])
