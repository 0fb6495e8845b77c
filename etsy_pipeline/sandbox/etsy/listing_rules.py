"""What Etsy accepts in a listing's fields (FACTS §5, §6). What is uncertain there is refused here."""

from datetime import UTC, datetime
from typing import Any

import regex

from etsy_pipeline.sandbox.etsy import taxonomy
from etsy_pipeline.sandbox.etsy.answers import error, refuse
from etsy_pipeline.sandbox.etsy.requests import Fields
from etsy_pipeline.sandbox.state import State

TITLE_LENGTH, TAGS, TAG_LENGTH, MATERIALS, STYLES, STYLE_LENGTH, IMAGES = 140, 13, 20, 13, 2, 45, 20
LOWEST_PRICE, HIGHEST_PRICE = 0.20, 50_000  # uncertain (FACTS §5): the commonly quoted bounds, in US dollars
PER_DOLLAR = {  # roughly
    "EUR": 0.9, "GBP": 0.75, "CAD": 1.4, "SEK": 10.0, "JPY": 150.0, "KRW": 1400.0, "VND": 22_100.0, "AUD": 1.5,
    "CHF": 0.8, "CZK": 21.0, "DKK": 6.5, "HKD": 7.8, "HUF": 330.0, "IDR": 16_000.0, "ILS": 3.4, "INR": 88.0,
    "ISK": 125.0, "MAD": 9.0, "MXN": 18.0, "MYR": 4.2, "NOK": 10.0, "NZD": 1.7, "PHP": 57.0, "PLN": 3.6, "SGD": 1.3,
    "THB": 32.0, "TRY": 41.0, "TWD": 31.0, "ZAR": 17.0, "CLP": 940.0, "AED": 3.67,
}  # fmt: skip
CAPITALS = 3  # words of nothing else; reported of Etsy, as is what a title begins with
DESCRIPTION_LENGTH = 50_000  # not found anywhere (FACTS §16); generous, but not endless
MAX = 2**53

BAD_IN_TITLE = regex.compile(r"[^\p{L}\p{Nd}\p{P}\p{Sm}\p{Zs}™©®]")
GOOD_FIRST = regex.compile(r"[\p{L}\p{Nd}]")
WORD = regex.compile(r"\p{L}[\p{L}\p{M}\p{Nd}]++")
BAD_IN_TAG = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}\-'™©®]")
BAD_IN_MATERIAL = regex.compile(r"[^\p{L}\p{Nd}\p{Zs}]")

REQUIRED = ("quantity", "title", "description", "price", "who_made", "when_made", "taxonomy_id")
TOGETHER = ("who_made", "when_made", "is_supply")  # spec: each of them requires the others
WHO_MADE = frozenset({"i_did", "someone_else", "collective"})
TYPES = frozenset({"physical", "download", "both"})
WEIGHT_UNITS = frozenset({"oz", "lb", "g", "kg"})
LENGTH_UNITS = frozenset({"in", "ft", "mm", "cm", "m", "yd", "inches"})
GONE = (
    "is_personalizable",
    "personalization_is_required",
    "personalization_char_count_max",
    "personalization_instructions",
)


def when_made_values(now: float) -> frozenset[str]:
    """The enum, whose first range ends in the current year (FACTS §5); last year's is refused."""
    year = datetime.fromtimestamp(now, UTC).year
    edge = year - 20
    recent = {"made_to_order", f"2020_{year}", "2010_2019", f"{edge + 1}_2009", f"before_{edge + 1}", f"2000_{edge}"}
    return frozenset(recent | {f"{decade}s" for decade in range(1900, 2000, 10)} | {"1800s", "1700s", "before_1700"})


def price_bounds(currency_code: str) -> tuple[float, float]:
    """The lowest and the highest price in a currency; ₫4,420 is known, and is 0.20 dollars at Etsy's rate."""
    rate = PER_DOLLAR.get(currency_code, 1.0)
    return round(LOWEST_PRICE * rate, 2), HIGHEST_PRICE * rate


def new_listing(state: State, shop: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
    """The data of a new listing from createDraftListing's form."""
    fields = Fields(form)
    for name in REQUIRED:
        if not form.get(name, "").strip():
            fields.wrong(name, "cannot be null", "required")
    refuse(fields.problems)
    _check_together(fields)
    data = _shared(state, fields)
    data["quantity"] = fields.integer("quantity", 1, 999)
    data["price"] = fields.number("price", *price_bounds(shop["currency_code"]))
    data["readiness_state_id"] = fields.integer("readiness_state_id", 1, MAX)
    data["styles"] = _words(fields, "styles", STYLES, STYLE_LENGTH, BAD_IN_MATERIAL) or []
    data["is_customizable"] = fields.boolean("is_customizable") or False
    refuse(fields.problems)
    data = {"type": "physical", "tags": [], "materials": [], "is_supply": False, "should_auto_renew": False} | {
        name: value for name, value in data.items() if value is not None
    }
    _check_references(shop, data)
    _check_marketplace(data)
    if data["type"] != "download":
        for name in ("readiness_state_id", "shipping_profile_id"):  # exact texts of FACTS §5
            if not data.get(name):
                raise error(400, f"A {name} is required for physical listings.")
    return data


def changes(state: State, shop: dict[str, Any], listing: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
    """What updateListing's form changes. Fields that it does not take are ignored without a word (FACTS §6)."""
    fields = Fields(form)
    _check_together(fields)
    found = _shared(state, fields)
    for name in ("title", "description", "taxonomy_id", "who_made", "when_made"):
        if fields.has(name) and not form[name].strip():
            fields.wrong(name, "cannot be null", "required")
    refuse(fields.problems)
    wanted = {name: value for name, value in found.items() if value is not None}
    _check_references(shop, wanted)
    _check_marketplace(listing | wanted)
    is_split = len(listing["inventory"]["products"]) > 1
    if wanted.get("type", listing["type"]) == "download" and listing["type"] != "download" and is_split:
        raise error(409, "A listing with variations cannot become a download.")  # FACTS §6; the text is ours
    return wanted


def texts(fields: Fields) -> dict[str, Any]:
    """Title, description and tags, which a translation has too."""
    return {
        "title": _title(fields),
        "description": _description(fields),
        "tags": _words(fields, "tags", TAGS, TAG_LENGTH, BAD_IN_TAG),
    }


def _shared(state: State, fields: Fields) -> dict[str, Any]:
    for name in GONE:  # FACTS §5: sending them is an error since 2026-09
        if fields.has(name):
            fields.wrong(name, "is no longer supported")
    data: dict[str, Any] = {
        "title": _title(fields),
        "description": _description(fields),
        "who_made": fields.choice("who_made", WHO_MADE),
        "when_made": fields.choice("when_made", when_made_values(state.now())),
        "type": fields.choice("type", TYPES),
        "item_weight_unit": fields.choice("item_weight_unit", WEIGHT_UNITS),
        "item_dimensions_unit": fields.choice("item_dimensions_unit", LENGTH_UNITS),
        "tags": _words(fields, "tags", TAGS, TAG_LENGTH, BAD_IN_TAG),
        "materials": _words(fields, "materials", MATERIALS, 10_000, BAD_IN_MATERIAL),
        "production_partner_ids": fields.ids("production_partner_ids"),
        "image_ids": fields.ids("image_ids"),
    }
    for name in ("shipping_profile_id", "return_policy_id", "shop_section_id"):
        data[name] = fields.integer(name, 1, MAX)
    for name in ("item_weight", "item_length", "item_width", "item_height"):
        data[name] = fields.number(name, 0.000001)  # spec: above zero; a zero once caused a 500 (FACTS §5)
    for name in ("is_supply", "should_auto_renew", "is_taxable"):
        data[name] = fields.boolean(name)
    data["taxonomy_id"] = fields.integer("taxonomy_id", 1, MAX)
    if data["taxonomy_id"] is not None and data["taxonomy_id"] not in taxonomy.node_ids():
        fields.wrong("taxonomy_id", "is not a valid taxonomy node")
    if data["image_ids"] is not None and not 1 <= len(data["image_ids"]) <= IMAGES:
        fields.wrong("images", "cannot be less than 1 items" if not data["image_ids"] else "has too many items")
    return data


def _title(fields: Fields) -> str | None:
    title = fields.text("title")
    if title is None:
        return None
    if len(title) > TITLE_LENGTH:
        fields.wrong("title/0", f"cannot be longer than {TITLE_LENGTH} characters")
    if BAD_IN_TITLE.search(title):
        fields.wrong("title/1", "contains invalid characters", "invalid_characters")
    for symbol in "%:&+":
        if title.count(symbol) > 1:
            fields.wrong("title/0", f"{symbol} can only be use once")  # Etsy's own spelling (FACTS §5)
    if sum(word.isupper() for word in WORD.findall(title)) > CAPITALS:
        fields.wrong("title/0", f"cannot have more than {CAPITALS} words in all capitals")
    if title and not GOOD_FIRST.match(title):
        fields.wrong("title/0", "must begin with a letter or a number")
    return title


def _description(fields: Fields) -> str | None:
    text = fields.text("description")
    if text is not None and len(text) > DESCRIPTION_LENGTH:
        fields.wrong("description", f"cannot be longer than {DESCRIPTION_LENGTH} characters")
    return text


def _check_together(fields: Fields) -> None:
    given = [name for name in TOGETHER if fields.has(name)]
    for name in TOGETHER:
        if given and name not in given:
            fields.wrong(name, f"is required with {given[0]}", "required")


def _words(fields: Fields, name: str, most: int, length: int, bad: "regex.Pattern[str]") -> list[str] | None:
    words = fields.texts(name)
    if words is None:
        return None
    if len(words) > most:
        fields.wrong(name, f"cannot be more than {most} items")
    if any(len(word) > length for word in words):
        fields.wrong(name, f"cannot be longer than {length} characters")
    if name == "tags" and len({word.strip().casefold() for word in words}) < len(words):
        fields.wrong(name, "cannot contain duplicates")
    if any(bad.search(word) for word in words):
        fields.wrong(name, "contains invalid characters", "invalid_characters")
    return words


def _check_references(shop: dict[str, Any], data: dict[str, Any]) -> None:
    known = {
        "shipping_profile_id": {
            item["shipping_profile_id"] for item in shop["shipping_profiles"] if not item["is_deleted"]
        },
        "return_policy_id": {item["return_policy_id"] for item in shop["return_policies"]},
        "readiness_state_id": {item["readiness_state_id"] for item in shop["readiness_states"]},
    }
    for name, ids in known.items():
        if data.get(name) is not None and data[name] not in ids:
            raise error(400, f"There was a problem with /{name.replace('_', '/')} : not found in this shop.")
    partners = {item["production_partner_id"] for item in shop["production_partners"]}
    if set(data.get("production_partner_ids") or ()) - partners:
        raise error(400, "There was a problem with /production/partner/ids : not found in this shop.")
    section = data.get("shop_section_id")
    if section is not None and section not in {item["shop_section_id"] for item in shop["sections"]}:
        raise error(400, "There was a problem with /shop/section/id : Shop section not found.")  # exact (FACTS §6)


def _check_marketplace(data: dict[str, Any]) -> None:
    """someone_else and a finished product need production partners (FACTS §5, exact text)."""
    if data.get("who_made") == "someone_else" and not data.get("is_supply") and not data.get("production_partner_ids"):
        raise error(400, "There was a problem with /marketplace : Oh dear, you cannot sell this item on Etsy.")
