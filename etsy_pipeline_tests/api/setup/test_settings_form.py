"""Every setting of a shop by form: what is shown comes back the same, errors stand beside their field, two tabs lose nothing."""

import html
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts.configure import Back, configure
from etsy_pipeline.api.setup import settings_page
from etsy_pipeline.api.setup.settings_form import Form, settings, show, take
from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.api.setup.world import Owner
from etsy_pipeline_tests.api.visitor import Visitor

SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"shipping_profile": "Standard", "return_policy": 7, "production_partners": [1, "Ada's"], "default_taxonomy_id": 1},
    {"taxonomy_by_category": {"Mugs = cups": 1633, "pcat_1": 2}, "section_by_category": {"Mugs": "Sale"}},
    {
        "by_category": {
            "Mugs": {"taxonomy_id": 3, "extra_tags": ["a", "b"], "price": {"markup_percent": "5"}},
            "x.y": {},
        }
    },
    {
        "personalization": [
            {"question_text": "Name?"},
            {"question_text": "Color?", "question_type": "dropdown", "options": ["red", "blue"]},
        ]
    },
    {"price": {"floor": "1.50", "convert": {"from_currency": "EUR", "rate": "1.08"}}, "is_taxable": False},
    {"approval_expires_hours": None, "same_refusal_limit": None, "brakes": {"fees_per_month_usd": "9"}},
    {"selection": {"statuses": ["draft", "published"], "tag_ids": ["ptag_1"]}, "ownership": {"tags": "seller"}},
    {
        "attributes": {"by_category": {"Mugs": {"Material": ["Clay", "Glass"]}}},
        "description_template": "One\n\n{description}",
    },
)


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    return ShopSettings.model_validate(values).model_dump(mode="json")


def texts(form: Form) -> dict[str, str]:
    """What a browser sends back of it."""
    shown = [item for found in form.sections.values() for setting in found for row in setting.rows for item in row]
    return {item.name: item.text for item in shown}


@pytest.mark.parametrize("values", SETTINGS)
def test_a_form_that_is_sent_as_it_is_changes_nothing(values: dict[str, Any]) -> None:
    form = show(present(values))
    found = take(texts(form), form.base, present(values), values)
    assert (found.changes, found.meanwhile, found.problems, found.errors) == ({}, [], {}, [])


@pytest.mark.parametrize("values", SETTINGS)
def test_what_is_typed_becomes_the_setting(values: dict[str, Any]) -> None:
    """Whoever types the settings of another shop has that shop's settings."""
    form, wanted = show(present({})), texts(show(present(values)))
    found = take(wanted, form.base, present({}), {})
    assert (found.problems, found.errors) == ({}, [])
    merged: dict[str, Any] = {}
    for name, value in found.changes.items():
        *parents, last = name.split(".")
        place = merged
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    assert present(merged) == present(values)


def test_every_setting_is_in_the_form() -> None:
    def names(values: Mapping[str, Any], prefix: str = "") -> set[str]:
        inner = {name: value for name, value in values.items() if isinstance(value, dict) and value}
        nested = {found for name, value in inner.items() for found in names(value, f"{prefix}{name}.")}
        return nested | {f"{prefix}{name}" for name in values.keys() - inner.keys()}

    assert names(present({})) == set(settings())


def test_only_what_nests_deeper_than_a_form_is_typed_as_json() -> None:
    assert [name for name, shape in settings().items() if getattr(shape, "kind", "") == "json"] == [
        "attributes.by_category"
    ]


def test_emptying_a_field_brings_its_default_back() -> None:
    values = {"quantity": {"cap": 5}, "tags_left_out": ["x"], "approval_expires_hours": "3"}
    form = show(present(values))
    typed = texts(form) | {"quantity.cap": "", "tags_left_out": "", "approval_expires_hours": ""}
    found = take(typed, form.base, present(values), values)
    assert found.changes == {"quantity.cap": Back.TO_DEFAULT, "tags_left_out": [], "approval_expires_hours": None}


@pytest.mark.parametrize(
    ("name", "text", "beside"),
    [
        ("price.markup_percent", "a lot", "price.markup_percent"),
        ("quantity.cap", "1000", "quantity.cap"),
        ("title_template", "{nonsense}", "title_template"),
        ("taxonomy_by_category.0.key", "Mugs", "taxonomy_by_category.0.value"),
        ("taxonomy_by_category.0.value", "1633", "taxonomy_by_category.0.key"),
        ("attributes.by_category", "{", "attributes.by_category"),
        ("by_category.0.taxonomy_id", "7", "by_category.0.key"),
        ("personalization.0.instructions", "only this", "personalization.0.question_text"),
        ("when_made_year", "1999", "when_made_year"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(name: str, text: str, beside: str) -> None:
    form = show(present({}))
    typed = texts(form) | {name: text}
    found = take(typed, form.base, present({}), {})
    assert beside in found.problems
    again = texts(show(present({}), found))
    assert again[name] == text, "and what was typed is still there"


def test_a_pair_that_is_wrong_is_told_beside_its_value_and_one_that_is_there_twice_beside_its_name() -> None:
    form = show(present({}))
    wrong = {"taxonomy_by_category.0.key": "Mugs", "taxonomy_by_category.0.value": "many"}
    assert set(take(texts(form) | wrong, form.base, present({}), {}).problems) == {"taxonomy_by_category.0.value"}
    twice = {
        f"ownership.{number}.{part}": text
        for number in (0, 1)
        for part, text in (("key", "title"), ("value", "seller"))
    }
    assert set(take(texts(form) | twice, form.base, present({}), {}).problems) == {"ownership.1.key"}


def test_what_is_wrong_with_two_settings_together_is_told_on_top() -> None:
    form = show(present({}))
    found = take(texts(form) | {"price.floor": "9", "price.ceiling": "1"}, form.base, present({}), {})
    assert "above ceiling" in found.errors[0]


def test_what_somebody_else_changed_meanwhile_is_named_and_what_was_typed_stays() -> None:
    form, now = show(present({})), {"truncate_title": True, "create_first": "newest"}
    typed = texts(form) | {"create_first": "dearest", "who_made": "collective"}
    found = take(typed, form.base, present(now), now)
    assert set(found.meanwhile) == {"truncate_title", "create_first"}
    again = show(present(now), found)
    shown = texts(again)
    assert (shown["truncate_title"], shown["create_first"], shown["who_made"]) == ("yes", "dearest", "collective")
    second = take(shown, again.base, present(now), now)
    assert (second.meanwhile, second.changes) == ([], {"create_first": "dearest", "who_made": "collective"})


def test_the_same_change_twice_is_one() -> None:
    """A double click, and two who want the same."""
    form = show(present({}))
    typed = texts(form) | {"create_first": "dearest"}
    now = {"create_first": "dearest"}
    found = take(typed, form.base, present(now), now)
    assert (found.meanwhile, found.changes) == ([], {})


def test_a_search_shows_and_changes_only_what_it_found() -> None:
    form = show(present({}), words="tags_too")
    assert set(json.loads(form.base)) == {"tags_too_long", "tags_too_many", "truncate_tags"}
    typed = texts(form) | {"tags_too_many": "first", "who_made": "collective"}
    assert take(typed, form.base, present({}), {}).changes == {"tags_too_many": "first"}


@pytest.mark.parametrize("base", ["", "x", "[]", '{"nonsense": "1"}', "null"])
def test_marks_that_are_none_change_nothing(base: str) -> None:
    assert take({"who_made": "collective"}, base, present({}), {}).changes == {}


@pytest.fixture
def account_id(owner: Owner) -> str:
    return owner.is_connected()


def stored(store: Store, account_id: str) -> dict[str, Any]:
    with store.reading() as session:
        return dict(accounts.get(session, account_id).api_config)


def test_a_shop_owner_changes_settings_in_two_tabs(visitor: Visitor, account_id: str, sqlite_store: Store) -> None:
    path = f"/setup/shops/{account_id}/settings"
    page = visitor.open(path)
    assert "Standard" in page.text, "profiles are chosen by name"
    first = visitor.client.post(f"{path}/save", data=form_of(visitor, path) | {"quantity.cap": "1000"})
    assert (first.status_code, "At most 999." in first.text) == (400, True)
    mine = form_of(visitor, path) | {"quantity.cap": "7", "tag_priority": "mug\r\nclay"}
    configure(sqlite_store, account_id, {"who_made": "collective"})
    second = visitor.client.post(f"{path}/save", data=mine)
    assert (second.status_code, "Who made was changed meanwhile" in second.text) == (409, True)
    assert "quantity" not in stored(sqlite_store, account_id)
    visitor.page = second
    third = visitor.client.post(f"{path}/save", data=form_of(visitor, path))
    assert third.status_code == 200
    found = stored(sqlite_store, account_id)
    assert (found["quantity"]["cap"], found["tag_priority"], found["who_made"]) == (7, ["mug", "clay"], "collective")


def test_a_setting_that_helps_comes_filled_in(visitor: Visitor, account_id: str, sqlite_store: Store) -> None:
    path = f"/setup/shops/{account_id}/settings"
    visitor.open(path, setting="tags_too_many", value="first")
    visitor.client.post(f"{path}/save", data=form_of(visitor, path))
    assert stored(sqlite_store, account_id) == {"tags_too_many": "first"}


def test_the_prices_that_changed_settings_lead_to_are_seen_before_they_are_saved(
    visitor: Visitor, account_id: str, sqlite_store: Store
) -> None:
    path = f"/setup/shops/{account_id}/settings"
    visitor.open(path)
    typed = form_of(visitor, path) | {"price.floor": "5000"}
    refused = visitor.client.post(f"{path}/preview", data=typed | {"price.floor": "cheap"})
    assert refused.status_code == 400
    page = visitor.client.post(f"{path}/preview", data=typed)
    until = time.monotonic() + 30
    while "products_not_read" in page.text and time.monotonic() < until:
        page = visitor.client.post(f"{path}/preview", data=typed)
    assert "products would cost something else" in page.text
    assert "→ <strong>5,000" in page.text
    assert "the shop's floor of 5000 is sent" in html.unescape(page.text)
    assert 'name="price.floor" value="5000"' in page.text, "what was typed is still there"
    assert stored(sqlite_store, account_id) == {}


def test_while_medusa_is_away_that_is_told_in_place_of_prices(
    visitor: Visitor, account_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/setup/shops/{account_id}/settings"
    visitor.open(path)
    typed = form_of(visitor, path) | {"price.floor": "5000"}
    monkeypatch.setattr(
        wiring, "catalogue_of", lambda *_, **__: MedusaCatalogue("http://127.0.0.1:1", "sk_any", patience=Patience(0))
    )
    for waited in (30, 0):  # the second time it is being read anew, and what stopped the first reading is told
        monkeypatch.setattr(settings_page, "WAITED_SECONDS", waited)
        page = visitor.client.post(f"{path}/preview", data=typed)
        assert "Check that the server runs and that MEDUSA_URL is right." in html.unescape(page.text)
        assert "products_not_read" not in page.text


def test_where_no_product_is_selected_the_prices_say_so(
    visitor: Visitor, account_id: str, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_page, "WAITED_SECONDS", 30)
    configure(sqlite_store, account_id, {"selection": {"product_ids": ["prod_none"]}})
    path = f"/setup/shops/{account_id}/settings"
    visitor.open(path)
    typed = form_of(visitor, path) | {"price.floor": "5000"}
    page = visitor.client.post(f"{path}/preview", data=typed)
    assert "None of Medusa's products is selected" in html.unescape(page.text)
    page = visitor.client.post(f"{path}/preview", data=typed | {"selection.product_ids": ""})
    assert "those of the new selection are looked at once it is saved" in page.text


def form_of(visitor: Visitor, path: str) -> dict[str, Any]:
    return visitor.fields(f"{path}/save")
