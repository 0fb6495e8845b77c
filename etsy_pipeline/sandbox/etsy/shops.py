"""Shops and what a listing refers to: profiles, policies, sections, partners (FACTS §9). The sample shops."""

from typing import Any, NamedTuple

from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, escaped, not_found, page, refuse
from etsy_pipeline.sandbox.etsy.requests import Call, Fields
from etsy_pipeline.sandbox.state import MissingError, State, dump, load

FIRST_SHOP, FIRST_USER = 51_000_001, 910_000_001
DAYS_A_WEEK = 5  # "a week is as many days as the seller works": here, five
MAX_SECTIONS, MAX_SECTION_LENGTH = 20, 24  # uncertain (LISTING_EXTRAS §6)


class Sample(NamedTuple):
    """A sample shop. In the EU, an active listing needs no return policy (FACTS §5)."""

    name: str
    title: str
    country: str
    currency_code: str
    is_eu: bool


SAMPLES = (
    Sample("DustySpoonStudio", "Handmade things for the house", "US", "USD", is_eu=False),
    Sample("NordlichtKeramik", "Keramik aus der Werkstatt", "US", "USD", is_eu=False),
    Sample("AtelierLumiere", "Bougies faites à la main", "FR", "EUR", is_eu=True),
)


def seed(state: State, base_url: str, shops: int) -> None:
    """Make the first so many sample shops, once."""
    for number, sample in enumerate(SAMPLES[:shops]):
        shop_id, user_id = FIRST_SHOP + number, FIRST_USER + number
        if state.row("SELECT 1 FROM shop WHERE shop_id = ? OR user_id = ?", shop_id, user_id) is None:
            state.run("INSERT INTO shop VALUES (?, ?, ?)", shop_id, user_id, dump(_shop(shop_id, sample)))
    state.set_setting("base_url", base_url)


def _shop(shop_id: int, sample: Sample) -> dict[str, Any]:
    base = shop_id * 10
    return {
        "shop_name": sample.name,
        "title": sample.title,
        "currency_code": sample.currency_code,
        "country": sample.country,
        "is_eu": sample.is_eu,
        "shipping_profiles": [
            {"shipping_profile_id": base + 1, "title": "Standard shipping", "is_deleted": False},
            {"shipping_profile_id": base + 2, "title": "Old shipping", "is_deleted": True},
            {"shipping_profile_id": base + 3, "title": "Express shipping", "is_deleted": False},
        ],
        "return_policies": [
            {"return_policy_id": base + 1, "accepts_returns": True, "accepts_exchanges": True, "return_deadline": 30},
            {
                "return_policy_id": base + 2,
                "accepts_returns": False,
                "accepts_exchanges": False,
                "return_deadline": None,
            },
        ],
        "readiness_states": [
            {"readiness_state_id": base + 1, "readiness_state": "made_to_order", "min": 3, "max": 5},
            {"readiness_state_id": base + 2, "readiness_state": "ready_to_ship", "min": 1, "max": 2},
        ],
        "sections": [{"shop_section_id": base + 1, "title": "New"}],
        "production_partners": [
            {"production_partner_id": base + 1, "partner_name": "Hill Street Press", "location": "Portland, Oregon"}
        ],
    }


def of_id(state: State, shop_id: int) -> dict[str, Any]:
    """A shop's data."""
    row = state.row("SELECT * FROM shop WHERE shop_id = ?", shop_id)
    if row is None:
        raise not_found("Shop not found.")
    return {"shop_id": row["shop_id"], "user_id": row["user_id"], **load(row)}


def by_hand(state: State, shop_id: int) -> dict[str, Any]:
    """A shop's data; 0 is the first one.

    Raises:
        MissingError: when there is no such shop.
    """
    row = state.row("SELECT shop_id FROM shop WHERE ? IN (0, shop_id) ORDER BY shop_id", shop_id)
    if row is None:
        raise MissingError(f"no shop {shop_id}")
    return of_id(state, row["shop_id"])


def replace(state: State, old: dict[str, Any], shop_id: int, sample: Sample) -> None:
    """A new shop in the place of an old one, for the same owner."""
    state.run("DELETE FROM shop WHERE shop_id = ?", old["shop_id"])
    state.run("INSERT INTO shop VALUES (?, ?, ?)", shop_id, old["user_id"], dump(_shop(shop_id, sample)))


def save(state: State, shop: dict[str, Any]) -> None:
    """Store a shop's data."""
    kept = {name: value for name, value in shop.items() if name not in {"shop_id", "user_id"}}
    state.run("UPDATE shop SET data = ? WHERE shop_id = ?", dump(kept), shop["shop_id"])


def own(call: Call) -> dict[str, Any]:
    """The shop in the path, which must be the token's (FACTS §11: 403 is also "not yours")."""
    shop = of_id(call.state, call.number("shop_id"))
    if shop["user_id"] != call.user_id:
        raise error(403, "User does not own this shop.")
    return shop


def get_me(call: Call) -> Answer:
    """GetMe."""
    row = call.state.row("SELECT shop_id FROM shop WHERE user_id = ?", call.user_id)
    return Answer({"user_id": call.user_id, "shop_id": row["shop_id"] if row else None})


def get_shop(call: Call) -> Answer:
    """GetShop."""
    return Answer(_view(call.state, of_id(call.state, call.number("shop_id"))))


def get_shop_by_owner(call: Call) -> Answer:
    """getShopByOwnerUserId: one shop, not a list (FACTS §9)."""
    row = call.state.row("SELECT shop_id FROM shop WHERE user_id = ?", call.number("user_id"))
    if row is None:
        raise not_found("Shop not found.")
    return Answer(_view(call.state, of_id(call.state, row["shop_id"])))


def shipping_profiles(call: Call) -> Answer:
    """getShopShippingProfiles; deleted ones are listed too (FACTS §9)."""
    shop = own(call)
    more = {
        "user_id": shop["user_id"], "origin_country_iso": shop["country"], "shipping_profile_destinations": [],
        "shipping_profile_upgrades": [], "origin_postal_code": None, "profile_type": "manual",
        "domestic_handling_fee": 0, "international_handling_fee": 0,
    }  # fmt: skip
    return Answer(page([item | more for item in shop["shipping_profiles"]]))


def return_policies(call: Call) -> Answer:
    """GetShopReturnPolicies."""
    shop = of_id(call.state, call.number("shop_id"))
    return Answer(page([item | {"shop_id": shop["shop_id"]} for item in shop["return_policies"]]))


def readiness_states(call: Call) -> Answer:
    """GetShopReadinessStateDefinitions, paged."""
    shop = own(call)
    limit, offset = call.paging()
    found = [_readiness(shop["shop_id"], item) for item in shop["readiness_states"]]
    return Answer(page(found[offset : offset + limit], len(found)))


def create_readiness_state(call: Call) -> Answer:
    """createShopReadinessStateDefinition; 409 with its address when an equal one exists (FACTS §9)."""
    shop = own(call)
    fields = Fields(call.form())
    kind = fields.choice("readiness_state", frozenset({"made_to_order", "ready_to_ship"}))
    low = fields.integer("min_processing_time", 1, 10)
    high = fields.integer("max_processing_time", 1, 10)
    unit = fields.choice("processing_time_unit", frozenset({"days", "weeks"}))
    refuse(fields.problems)
    if kind is None or low is None or high is None or low > high:
        raise error(400, "readiness_state, min_processing_time and max_processing_time are required")
    if unit == "weeks":
        low, high = low * DAYS_A_WEEK, high * DAYS_A_WEEK
    for item in shop["readiness_states"]:
        if (item["readiness_state"], item["min"], item["max"]) == (kind, low, high):
            address = (
                f"/v3/application/shops/{shop['shop_id']}/readiness-state-definitions/{item['readiness_state_id']}"
            )
            raise EtsyError(409, {"error": "An equal definition exists."}, {"content-location": address})
    new_id = call.state.number("readiness_state", shop["shop_id"] * 10 + 5)
    item = {"readiness_state_id": new_id, "readiness_state": kind, "min": low, "max": high}
    save(call.state, shop | {"readiness_states": [*shop["readiness_states"], item]})
    return Answer(_readiness(shop["shop_id"], item), 201)


def sections(call: Call) -> Answer:
    """GetShopSections."""
    shop = of_id(call.state, call.number("shop_id"))
    found = [_section(call.state, shop, item, rank) for rank, item in enumerate(shop["sections"], start=1)]
    return Answer(page(found))


def create_section(call: Call) -> Answer:
    """createShopSection; 200, not 201, by Etsy's document. A second one of the same name is made, too: assumed."""
    shop = own(call)
    title = call.form().get("title", "").strip()
    if not 1 <= len(title) <= MAX_SECTION_LENGTH:
        raise error(400, f"There was a problem with /title : must have 1 to {MAX_SECTION_LENGTH} characters")
    if len(shop["sections"]) >= MAX_SECTIONS:
        raise error(400, f"There was a problem with /sections : cannot be more than {MAX_SECTIONS} items")
    section = {"shop_section_id": call.state.number("shop_section", shop["shop_id"] * 10 + 5), "title": title}
    save(call.state, shop | {"sections": [*shop["sections"], section]})
    return Answer(_section(call.state, shop, section, len(shop["sections"]) + 1))


def production_partners(call: Call) -> Answer:
    """GetShopProductionPartners. They can only be made in Shop Manager (FACTS §5)."""
    return Answer(page(own(call)["production_partners"]))


def _readiness(shop_id: int, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "readiness_state_id": item["readiness_state_id"],
        "readiness_state": item["readiness_state"],
        "min_processing_days": item["min"],
        "max_processing_days": item["max"],
        "processing_days_display_label": f"{item['min']}-{item['max']} days",
    }


def _section(state: State, shop: dict[str, Any], section: dict[str, Any], rank: int) -> dict[str, Any]:
    sql = (
        "SELECT COUNT(*) AS n FROM listing WHERE shop_id = ? AND state = 'active' "
        "AND json_extract(data, '$.shop_section_id') = ?"
    )
    row = state.row(sql, shop["shop_id"], section["shop_section_id"])
    return {
        "shop_section_id": section["shop_section_id"], "title": escaped(section["title"]), "rank": rank,
        "user_id": shop["user_id"], "active_listing_count": row["n"] if row else 0,
    }  # fmt: skip


def _view(state: State, shop: dict[str, Any]) -> dict[str, Any]:
    row = state.row("SELECT COUNT(*) AS n FROM listing WHERE shop_id = ? AND state = 'active'", shop["shop_id"])
    base = state.setting("base_url", "")
    none = dict.fromkeys(
        ("announcement", "vacation_message", "sale_message", "digital_sale_message", "policy_welcome", "policy_payment",
         "policy_shipping", "policy_refunds", "policy_additional", "policy_seller_info", "policy_privacy",
         "vacation_autoreply", "image_url_760x100", "icon_url_fullxfull", "review_count", "review_average")
    )  # fmt: skip
    no = dict.fromkeys(
        ("accepts_custom_requests", "policy_has_private_receipt_info", "has_unstructured_policies",
         "is_using_structured_policies", "has_onboarded_structured_policies", "include_dispute_form_link",
         "is_calculated_eligible",
         "is_opted_in_to_buyer_promise"), False,
    )  # fmt: skip
    times = dict.fromkeys(("create_date", "created_timestamp", "update_date", "updated_timestamp"), 1_700_000_000)
    sells = shop.get("is_etsy_payments_onboarded", True)
    return {
        **none, **no, **times, "is_direct_checkout_onboarded": sells, "is_etsy_payments_onboarded": sells,
        "is_vacation": shop.get("is_vacation", False), "vacation_message": shop.get("vacation_message"),
        "vacation_autoreply": shop.get("vacation_autoreply"),
        "shop_id": shop["shop_id"], "user_id": shop["user_id"], "shop_name": shop["shop_name"],
        "title": escaped(shop["title"]), "currency_code": shop["currency_code"],
        "listing_active_count": row["n"] if row else 0, "digital_listing_count": 0,
        "login_name": shop["shop_name"].lower(), "policy_update_date": 0,
        "url": f"{base}/shop/{shop['shop_name']}", "num_favorers": 0, "languages": ["en-US"],
        "is_shop_us_based": shop["country"] == "US", "transaction_sold_count": 0,
        "shipping_from_country_iso": shop["country"], "shop_location_country_iso": shop["country"],
    }  # fmt: skip
