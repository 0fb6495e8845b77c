"""The settings that help: each is really one of the shop's, helps with what it is named for, and changes nothing else."""

import re
from typing import Any

import pytest

from etsy_pipeline.accounts.configure import value_of, with_changes
from etsy_pipeline.listings.remedies import OF_THE_SHOP, REMEDIES, STEPS
from etsy_pipeline.listings.rules import RULES
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline_tests.builders import a_shop, validated
from etsy_pipeline_tests.real_shops import catalogue

HELP = {code: remedy for code, remedy in REMEDIES.items() if remedy.value is not None}


@pytest.mark.parametrize("code", sorted({*REMEDIES, *OF_THE_SHOP}))
def test_every_one_is_for_a_rule_that_keeps_products_off(code: str) -> None:
    assert RULES[code].severity == "error"


@pytest.mark.parametrize("code", sorted(REMEDIES))
def test_every_one_is_a_setting_with_a_value_or_a_step_to_choose_one_in(code: str) -> None:
    remedy = REMEDIES[code]
    if remedy.value is None:
        assert remedy.setting in STEPS
        assert remedy.setting in ShopSettings.model_fields
    else:
        ShopSettings.model_validate(with_changes({}, {remedy.setting: value_of(remedy.value)}))


def test_what_a_rule_names_as_the_setting_that_helps_is_the_one_that_is_offered() -> None:
    named = {
        code: (found[1], found[2])
        for code, rule in RULES.items()
        if rule.severity == "error" and (found := re.search(r"\(setting ([a-z_.]+)=([a-z_]+)\)", rule.hint))
    }
    assert named
    assert {code: HELP.get(code, ("", "", ""))[::2] for code in named} == named


@pytest.mark.parametrize("code", sorted(HELP))
def test_a_listing_that_is_valid_already_stays_the_same(code: str) -> None:
    setting, _, value = HELP[code]
    changes: dict[str, Any] = with_changes({}, {setting: value_of(value or "")})
    before, after = a_shop(default_taxonomy_id=891), a_shop(default_taxonomy_id=891, **changes)
    for shop, products in catalogue():
        for product in products[:60]:
            was = validated(product, before, currency_code=shop.currency)
            if not was.errors:
                assert validated(product, after, currency_code=shop.currency) == was
