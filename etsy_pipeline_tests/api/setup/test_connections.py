"""Medusa, the Etsy app and the shop: each is asked before anything is stored, and what is wrong is a sentence."""

import stat
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import StoreUnavailable
from etsy_pipeline.settings import SETTINGS_FILE, Settings, stored
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import activity
from etsy_pipeline_tests.api.setup.world import Owner
from etsy_pipeline_tests.api.visitor import Visitor


def home() -> Path:
    return Settings.load().etsy_pipeline_home


def test_with_nothing_set_the_page_says_what_is_first(visitor: Visitor) -> None:
    visitor.open("/setup")
    assert visitor.page.status_code == 200
    assert "Begin: Medusa" in visitor.text
    assert "etsy-pipeline sandbox" in visitor.text


def test_who_comes_to_connect_before_the_app_is_known_is_led_to_its_step(visitor: Visitor) -> None:
    page = visitor.open("/setup/shop").text
    assert 'href="/setup/etsy">To the Etsy app' in page
    assert "Go to Etsy" not in page


def test_a_medusa_that_answers_is_stored_and_one_of_its_own_prices_is_asked_about(owner: Owner) -> None:
    owner.connects_medusa()
    assert "It answers, and has" in owner.visitor.text
    assert "cost?" in owner.visitor.text
    assert stored(home())["MEDUSA_URL"] == owner.keys["MEDUSA_URL"]
    assert Settings.load().medusa_amount_unit is None, "a guess would be costly"
    owner.says_the_unit("minor")
    assert Settings.load().medusa_amount_unit == "minor"
    assert owner.visitor.page.url.path == "/setup/etsy", "on to the next step"


def test_who_changes_settings_of_the_machine_is_noted_with_their_names_alone(owner: Owner, sqlite_store: Store) -> None:
    owner.connects_medusa()
    owner.says_the_unit()
    found, _ = activity.newest(sqlite_store)
    assert [(done.deed, done.about) for done in found] == [
        ("settings_changed", "MEDUSA_AMOUNT_UNIT"),
        ("settings_changed", "MEDUSA_AMOUNT_UNIT, MEDUSA_API_KEY, MEDUSA_URL"),
    ]
    assert {done.done_through for done in found} == {"review page"}


@pytest.mark.parametrize(
    ("typed", "code", "kept"),
    [
        ({"api_key": "sk_wrong"}, "medusa_unauthorized", True),
        ({"url": "http://127.0.0.1:1"}, "medusa_unreachable", True),
        ({"url": "http://[nonsense"}, "", True),
        ({"url": "ftp://shop.example.com"}, "not_a_medusa", True),
        ({"url": "http://"}, "not_a_medusa", True),
        ({"url": "http://localhost:99999"}, "not_a_medusa", True),
        ({"url": f"http://{'x' * 400}"}, "not_a_medusa", True),
        ({"url": "http://ada:secret@shop.example.com"}, "setting_unusable", True),
        ({"api_key": "ключ"}, "medusa_unauthorized", True),
        ({"url": ""}, "field_missing", False),
        ({"api_key": ""}, "field_missing", True),
        ({"api_key": "sk_'with quotes'"}, "", True),
    ],
)
def test_what_does_not_work_is_told_and_stored_nowhere(
    owner: Owner,
    typed: dict[str, str],
    code: str,
    kept: bool,  # noqa: FBT001 - a table's column
) -> None:
    owner.connects_medusa(**typed)
    page = owner.visitor.page
    assert page.status_code >= 400
    assert page.status_code != 500
    assert code in page.text
    assert 'role="alert"' in page.text
    assert not kept or (typed.get("url") or owner.keys["MEDUSA_URL"]) in page.text
    assert "MEDUSA_URL" not in stored(home())


def test_a_key_that_was_typed_once_need_not_be_typed_again_and_cannot_be_read(owner: Owner) -> None:
    owner.connects_medusa(url="http://127.0.0.1:1")
    assert owner.keys["MEDUSA_API_KEY"] not in owner.visitor.page.text
    owner.visitor.send("/setup/medusa", url=owner.keys["MEDUSA_URL"])
    assert "It answers" in owner.visitor.text
    assert owner.keys["MEDUSA_API_KEY"] not in owner.visitor.page.text


def test_the_address_of_medusas_admin_is_understood(owner: Owner) -> None:
    owner.connects_medusa(url=f" {owner.keys['MEDUSA_URL']}/app/login ")
    assert "It answers" in owner.visitor.text
    assert stored(home())["MEDUSA_URL"] == owner.keys["MEDUSA_URL"]


def test_a_stored_key_is_sent_to_no_other_server(owner: Owner) -> None:
    owner.connects_medusa()
    owner.connects_medusa(url="http://localhost:1", api_key="")
    assert "field_missing" in owner.visitor.page.text
    assert stored(home())["MEDUSA_URL"] == owner.keys["MEDUSA_URL"]


def test_keys_are_for_the_owner_of_the_folder_alone(owner: Owner) -> None:
    owner.connects_medusa()
    assert stat.S_IMODE((home() / SETTINGS_FILE).stat().st_mode) == 0o600


def test_etsy_is_asked_whether_it_takes_the_key(owner: Owner) -> None:
    owner.types_the_apps_keys(shared_secret="invented")
    assert "etsy_key_invalid" in owner.visitor.page.text
    assert owner.keys["ETSY_CLIENT_ID"] in owner.visitor.page.text, "what was typed is still there"
    assert "ETSY_CLIENT_ID" not in stored(home())
    owner.types_the_apps_keys()
    assert stored(home())["ETSY_CLIENT_ID"] == owner.keys["ETSY_CLIENT_ID"]
    assert owner.keys["ETSY_SHARED_SECRET"] not in owner.visitor.open("/setup/etsy").text
    assert Settings.load().etsy_redirect_uri in owner.visitor.page.text


def test_another_redirect_uri_can_be_chosen(owner: Owner) -> None:
    owner.types_the_apps_keys()
    owner.visitor.open("/setup/etsy")
    owner.visitor.send("/setup/etsy/redirect", uri="nonsense")
    assert "setting_unusable" in owner.visitor.page.text
    owner.visitor.send("/setup/etsy/redirect", uri="https://shop.example.com/back")
    assert Settings.load().etsy_redirect_uri == "https://shop.example.com/back"


def test_what_the_environment_sets_always_wins(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDUSA_API_KEY", "sk_of_the_environment")
    owner.connects_medusa()
    assert "MEDUSA_API_KEY" not in stored(home())
    key = Settings.load().medusa_api_key
    assert key is not None
    assert key.get_secret_value() == "sk_of_the_environment"
    assert "set in the environment" in owner.visitor.open("/setup/medusa").text


def test_a_shop_is_connected_and_a_second_click_makes_no_second_account(owner: Owner, sqlite_store: Store) -> None:
    account_id = owner.is_connected()
    owner.visitor.open("/setup/shop")
    assert "DustySpoonStudio is connected" in owner.visitor.text
    fields = owner.visitor.fields("/setup/shop/connect")
    for _ in range(2):
        owner.visitor.client.post("/setup/shop/connect", data=fields, follow_redirects=False)
    with sqlite_store.reading() as session:
        assert accounts.every(session)[0].id == account_id
        assert accounts.every(session)[0].name == "DustySpoonStudio", "what nobody named is named after the shop"
        assert len(accounts.every(session)) == 2


@pytest.mark.parametrize(
    "address", ["", "nonsense", "http://localhost:9000/?code=x&state=y", "http://[x", "https://x/?error=access_denied"]
)
def test_an_address_without_a_grant_is_a_sentence(owner: Owner, address: str) -> None:
    owner.is_connected()
    owner.visitor.open("/setup/shop")
    page = owner.visitor.send("/setup/shop/paste", address=address)
    assert page.status_code in {400, 502}
    assert 'role="alert"' in page.text


def test_leaving_the_sandbox_leaves_its_practice_shops(
    owner: Owner, visitor: Visitor, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from etsy_pipeline.cli.sandbox import write_settings

    write_settings(home(), owner.keys)
    visitor.open("/setup")
    assert "You are using the sandbox" in visitor.text
    owner.connects_the_shop()
    with sqlite_store.reading() as session:
        assert [account.is_active for account in accounts.every(session)] == [True]
    sqlite_store.fence = wiring.fence_of(Settings.load())
    assert len(sqlite_store.fence.paths) == 1, "the sandbox's shop lies in the state folder, and goes with it"
    owner.connects_medusa()
    with sqlite_store.reading() as session:
        assert [account.is_active for account in accounts.every(session)] == [False]
    assert list(sqlite_store.fence.paths) == Settings.load().fence_paths, "the API keeps the fence of the real shop"
    assert len(sqlite_store.fence.paths) == 2
    assert not Settings.load().uses_sandbox
    assert Settings.load().etsy_client_id is None, "the sandbox's app is no real one"
    del monkeypatch


def test_the_page_of_findings_asks_and_says_so(owner: Owner) -> None:
    owner.is_connected()
    wiring.store_of(Settings.load()).close()
    owner.visitor.open("/setup/status")
    assert "Etsy takes the key" in owner.visitor.text
    assert "products at" in owner.visitor.text


def test_a_unit_that_was_not_chosen_is_asked_for_again(owner: Owner) -> None:
    owner.connects_medusa()
    owner.says_the_unit("")
    assert "field_missing" in owner.visitor.page.text
    owner.says_the_unit("major")
    assert Settings.load().medusa_amount_unit == "major", "the question was still there"


def test_keys_with_letters_that_no_key_has_are_told_before_anybody_is_asked(owner: Owner) -> None:
    owner.types_the_apps_keys(shared_secret="секрет")
    assert (owner.visitor.page.status_code, "etsy_key_invalid" in owner.visitor.page.text) == (400, True)


def test_the_address_of_a_form_that_is_opened_anew_leads_to_its_page(visitor: Visitor) -> None:
    for address, page in (("/setup/medusa/unit", "/setup/medusa"), ("/setup/etsy/redirect", "/setup/etsy")):
        assert visitor.open(address).url.path == page


def test_a_fault_of_ours_and_a_database_that_is_away_are_pages_with_a_way_on(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise ValueError("the secret is hunter2")

    monkeypatch.setattr(accounts, "every", broken)
    page = visitor.open("/setup/medusa")
    assert (page.status_code, "Something went wrong here" in page.text, "hunter2" in page.text) == (500, True, False)
    assert 'href="/setup/medusa">Try again' in page.text

    def away(*_args: object, **_more: object) -> None:
        raise StoreUnavailable("The database gave no answer.", code="store_unavailable")

    monkeypatch.setattr(accounts, "every", away)
    page = visitor.open("/setup/medusa")
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "The database gave no answer." in page.text
