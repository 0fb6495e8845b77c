"""Profiles, categories and what to sell, chosen from lists; how many can be listed; and the first plan."""

import re
import time
from typing import Any

import pytest

from etsy_pipeline.accounts.configure import configure
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.api.setup.world import Owner
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.world import PROFILE_ID, World


@pytest.fixture
def account_id(owner: Owner) -> str:
    return owner.is_connected()


def settings(store: Store, account_id: str) -> ShopSettings:
    with store.reading() as session:
        return accounts.settings_of(accounts.get(session, account_id))


def option_of(page: str, select: str, number: int = 1) -> str:
    """The value of the n-th choice of a list."""
    inside = re.search(rf'<select id="{select}".*?</select>', page, re.DOTALL)
    assert inside, select
    return str(re.findall(r'<option value="(\d+)"', inside[0])[number - 1])


def choose_profiles(visitor: Visitor, account_id: str) -> None:
    page = visitor.open(f"/setup/shops/{account_id}/profiles").text
    kinds = ("shipping_profile", "processing_profile", "return_policy")
    visitor.send(f"/setup/shops/{account_id}/profiles", **{kind: option_of(page, kind) for kind in kinds})


def looked(visitor: Visitor, account_id: str) -> str:
    """The page once the products were looked at, as a browser that looks again by itself."""
    for _ in range(600):
        page = visitor.open(f"/setup/shops/{account_id}/forecast")
        if 'http-equiv="refresh"' not in page.text:
            return visitor.text
        time.sleep(0.1)
    raise AssertionError(page.text)


def test_profiles_are_chosen_by_their_names(visitor: Visitor, account_id: str, sqlite_store: Store) -> None:
    page = visitor.open(f"/setup/shops/{account_id}/profiles")
    assert "Standard" in page.text, "the name that Etsy has"
    answer = visitor.send(f"/setup/shops/{account_id}/profiles", shipping_profile="")
    assert "field_missing" in answer.text
    choose_profiles(visitor, account_id)
    assert visitor.page.url.path.endswith("/categories")
    assert settings(sqlite_store, account_id).shipping_profile == PROFILE_ID


def test_a_category_is_found_by_words_and_chosen_with_one_press(
    visitor: Visitor, account_id: str, sqlite_store: Store
) -> None:
    path = f"/setup/shops/{account_id}/categories"
    visitor.open(path, q="mugs")
    assert "Mugs" in visitor.text
    number = re.findall(r'name="taxonomy_id" value="(\d+)"', visitor.page.text)[0]
    visitor.send(f"{path}/choose", taxonomy_id=number)
    assert settings(sqlite_store, account_id).default_taxonomy_id == int(number)
    visitor.open(path, q="vases", of="pcat_cups")
    visitor.send(f"{path}/choose", of="pcat_cups", taxonomy_id=number)
    assert settings(sqlite_store, account_id).taxonomy_by_category == {"pcat_cups": int(number)}
    visitor.send(f"{path}/choose", of="pcat_cups", taxonomy_id="")
    assert settings(sqlite_store, account_id).taxonomy_by_category == {}
    assert "Try fewer" in visitor.open(path, q="xyzzy").text


def test_what_is_sold_is_everything_or_what_is_ticked(visitor: Visitor, account_id: str, sqlite_store: Store) -> None:
    path = f"/setup/shops/{account_id}/selection"
    visitor.open(path)
    assert "field_missing" in visitor.send(path, what="some").text
    visitor.send(path, what="some", tag_ids="ptag_1\nptag_2")
    assert settings(sqlite_store, account_id).selection.tag_ids == ("ptag_1", "ptag_2")
    visitor.open(path)
    visitor.send(path, what="everything")
    assert settings(sqlite_store, account_id).selection.tag_ids == ()


def test_the_biggest_reasons_come_with_the_setting_that_helps_and_what_it_would_change(
    visitor: Visitor, account_id: str, sqlite_store: Store
) -> None:
    assert "Choose the profiles" in looked(visitor, account_id)
    choose_profiles(visitor, account_id)
    configure(sqlite_store, account_id, {"default_taxonomy_id": 1633})
    text = looked(visitor, account_id)
    before = valid_of(text)
    helped = re.search(r"The setting (.+?) would make", text)
    assert helped, text
    assert "What it would change" in text
    code = visitor.fields(f"/setup/shops/{account_id}/forecast/use")["code"]
    visitor.send(f"/setup/shops/{account_id}/forecast/use", code=code)
    assert "Changed:" in visitor.text
    assert valid_of(looked(visitor, account_id)) > before


def test_what_any_other_setting_would_change_is_found_out_when_its_reason_is_opened(
    visitor: Visitor, account_id: str, sqlite_store: Store
) -> None:
    choose_profiles(visitor, account_id)
    configure(sqlite_store, account_id, {"default_taxonomy_id": 1633})
    looked(visitor, account_id)
    path = f"/setup/shops/{account_id}/forecast"
    told = visitor.page.text.count("What it would change")
    opened = re.findall(rf'href="({path}[?]reason=(\w+))#\w+">What would help', visitor.page.text)
    assert opened, "more reasons than those that are told in full have a setting that helps"
    address, code = opened[0]
    visitor.open(address)
    assert f'value="{code}"' in visitor.page.text, "it can be used"
    assert visitor.page.text.count("What it would change") == told + 1
    visitor.send(f"{path}/use", code=code)
    looked(visitor, account_id)
    assert "No product has this reason any more" in visitor.open(address).text


def valid_of(text: str) -> int:
    found = re.search(r"([\d,]+) of ([\d,]+) products can be listed", text)
    assert found, text
    return int(found[1].replace(",", ""))


def test_a_medusa_that_went_away_meanwhile_is_told_and_can_be_asked_again(
    world: World, visitor: Visitor, account_id: str
) -> None:
    world.medusa("POST", "trouble", {"kind": "down"})
    try:
        text = looked(visitor, account_id)
    finally:
        world.medusa("POST", "trouble", {"kind": ""})
    assert "Look again" in text
    visitor.send(f"/setup/shops/{account_id}/forecast/again")
    assert "products can be listed" in looked(visitor, account_id)


def test_the_first_plan_is_of_drafts_and_a_double_click_asks_once(
    visitor: Visitor, account_id: str, sqlite_store: Store
) -> None:
    visitor.open(f"/setup/shops/{account_id}/plan")
    assert "Nothing draws plans up at the moment" in visitor.text
    fields = visitor.fields(f"/setup/shops/{account_id}/plan") | {"publish_as": "draft"}
    ends: list[Any] = [visitor.client.post(f"/setup/shops/{account_id}/plan", data=fields).url for _ in range(2)]
    jobs, count = queries.jobs_page(sqlite_store, account_id=account_id, status=None, first=0, most=9)
    assert count == 1
    assert [end.path for end in ends] == [f"/review/{jobs[0].transaction_id}"] * 2
    assert {end.query for end in ends} == {b"follow=yes"}, "the plan opens by itself"
    assert settings(sqlite_store, account_id).publish_as == "draft"
