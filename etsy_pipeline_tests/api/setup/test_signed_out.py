"""A sign-in that ends in the middle of a form: what was typed comes back after signing in. Nobody else's form does."""

from collections.abc import Iterator

import pytest

from etsy_pipeline.accounts import people
from etsy_pipeline.api.setup.app import ROOMS
from etsy_pipeline.settings import Settings, stored
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.serving import TOKEN, serving
from etsy_pipeline_tests.api.setup.world import nothing_is_set
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.world import World

OF_OURS = {"origin": "null", "sec-fetch-site": "same-origin"}
"""What Chromium sends with a form of a page that sends no referrer."""


@pytest.fixture
def member(world: World, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """Somebody who signs in; their browser says where a form comes from."""
    nothing_is_set(world, monkeypatch)
    monkeypatch.setenv("ETSY_PIPELINE_API_TOKEN", TOKEN)
    with serving(Settings.load(), sqlite_store) as url:
        visitor = Visitor(url)
        visitor.client.headers.update(OF_OURS)
        visitor.sign_in(path="/setup/medusa")
        yield visitor


def keys(world: World) -> dict[str, str]:
    found = world.sandbox.environment()
    return {"url": found["MEDUSA_URL"], "api_key": found["MEDUSA_API_KEY"]}


def home_holds() -> dict[str, str]:
    return stored(Settings.load().etsy_pipeline_home)


def test_what_was_typed_comes_back_after_signing_in(world: World, member: Visitor) -> None:
    typed = member.fields("/setup/medusa") | keys(world)
    member.client.cookies.clear()
    member.page = member.client.post("/setup/medusa", data=typed)
    assert (member.page.status_code, "What you typed is kept" in member.text) == (401, True)
    assert home_holds() == {}
    member.send("/review/sign-in", token="wrong")
    member.send("/review/sign-in", token=TOKEN)
    assert "Send it again" in member.text
    assert keys(world)["api_key"] not in member.page.text
    assert keys(world)["url"] in member.page.text
    member.send("/setup/medusa")
    assert home_holds()["MEDUSA_API_KEY"] == keys(world)["api_key"]


def test_without_a_token_a_form_of_an_old_session_is_sent_again_with_one_press(world: World, visitor: Visitor) -> None:
    visitor.client.headers.update(OF_OURS)
    visitor.open("/setup/medusa")
    typed = visitor.fields("/setup/medusa") | keys(world)
    visitor.client.cookies.clear()
    visitor.page = visitor.client.post("/setup/medusa", data=typed)
    assert (visitor.page.status_code, "Nothing is lost" in visitor.text) == (403, True)
    visitor.send("/setup/medusa")
    assert "It answers" in visitor.text


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
def test_what_another_site_sends_is_not_kept(world: World, member: Visitor, site: str) -> None:
    member.client.cookies.clear()
    sent = {"sec-fetch-site": site}
    answer = member.client.post("/setup/medusa", data=keys(world), headers=sent, follow_redirects=False)
    assert (answer.status_code, answer.content) == (303, b"")


@pytest.mark.parametrize(("site", "is_answered"), [("same-origin", True), ("cross-site", False), ("", False)])
def test_without_a_token_a_form_has_to_come_from_our_own_pages(
    visitor: Visitor,
    site: str,
    is_answered: bool,  # noqa: FBT001 - a table's column
) -> None:
    """Browsers hide where a form of a page without referrers comes from, and say so in another header."""
    visitor.open("/setup/medusa")
    sent = {"origin": "null", "sec-fetch-site": site}
    answer = visitor.client.post("/setup/medusa", data=visitor.fields("/setup/medusa"), headers=sent)
    assert ("origin_not_allowed" not in answer.text) is is_answered


def test_a_form_that_was_made_up_is_not_offered(member: Visitor) -> None:
    member.open("/review/sign-in")
    member.send("/review/sign-in", token=TOKEN, kept="nonsense")
    assert "Send it again" not in member.text


def test_only_who_administers_sees_set_up(member: Visitor, sqlite_store: Store) -> None:
    _, token = people.add(sqlite_store, "Ada", "approve")
    member.send("/review/sign-out")
    member.open("/review/sign-in")
    member.send("/review/sign-in", token=token)
    for path in ("/setup/", "/setup/medusa", "/setup/etsy", "/setup/status"):
        answer = member.open(path)
        assert (answer.status_code, "role_too_low" in answer.text) == (403, True), path


def test_every_page_of_set_up_needs_a_sign_in(member: Visitor) -> None:
    member.client.cookies.clear()
    for room in ROOMS:
        for route in room.router.routes:
            path = f"/setup{route.path}".format(account_id="etsy_acc_1")
            for method in route.methods:
                answer = member.client.request(method, path, follow_redirects=False)
                assert (answer.status_code, answer.content) == (303, b""), (method, path)
