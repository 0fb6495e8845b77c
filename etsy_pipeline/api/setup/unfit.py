"""A shop's stored settings of which some do not fit this version: the form shows the others, and mends these."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from etsy_pipeline.accounts.configure import Back, with_changes
from etsy_pipeline.api.setup.setting_problems import told_of
from etsy_pipeline.api.setup.settings_form import at, settings
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.safe_text import visible
from etsy_pipeline.store import accounts
from etsy_pipeline.store.records import EtsyAccount

LONGEST_TOLD = 200  # characters of a stored value


@dataclass(frozen=True, slots=True)
class Fitting:
    """What fits, as it is stored; and by its name with dots what does not, with its value and what is wrong."""

    stored: Mapping[str, Any]
    unfit: Mapping[str, str] = field(default_factory=dict)

    @property
    def present(self) -> Mapping[str, Any]:
        """The settings that fit, defaults included, as JSON."""
        return ShopSettings.model_validate(self.stored).model_dump(mode="json")

    @property
    def mended(self) -> Mapping[str, Any]:
        """The changes, as `configure` takes them, that leave what fits alone."""
        return dict.fromkeys(self.unfit, Back.TO_DEFAULT)


def fitting(account: EtsyAccount) -> Fitting:
    """What of a shop's settings fits this version.

    Raises:
        BadRequest: `shop_settings_invalid`, where no single setting is at fault.
    """
    stored: Mapping[str, Any] = account.api_config
    unfit: dict[str, str] = {}
    while True:
        try:
            ShopSettings.model_validate(stored)
        except ValidationError as error:
            wrong = {_name(item["loc"]): told_of(item) for item in error.errors()}
        else:
            return Fitting(stored, unfit)
        if "" in wrong or wrong.keys() <= unfit.keys():
            accounts.settings_of(account)  # says what is wrong with all of them
        unfit |= {name: f"{_shown(at(account.api_config, name))}. {told}" for name, told in wrong.items()}
        stored = with_changes(stored, dict.fromkeys(wrong, Back.TO_DEFAULT))


def _name(loc: Sequence[int | str]) -> str:
    """The setting that a problem is about; what this version does not know has no other name than its place."""
    parts = [str(part) for part in loc]
    places = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((place for place in places if place in settings()), ".".join(parts))


def _shown(value: object) -> str:
    text = visible(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= LONGEST_TOLD else f"{text[:LONGEST_TOLD]}…"
