"""Price lists of every kind, on the goods `listed-0` to `listed-4`: two variants each, of 40 and 41 USD."""

from collections.abc import Mapping
from typing import Any

from etsy_pipeline_tests.real_medusa.seeding import Seed

PAID = {
    "listed-0": (30, 41), "listed-1": (40, 31), "listed-2": (70, 41), "listed-3": (40, 60), "listed-4": (40, 41),
}  # fmt: skip
"""What a customer pays, sales and overrides counted (docs/medusa-facts.md §13)."""
OVERRIDES_ONLY = PAID | {"listed-0": (55, 41), "listed-1": (55, 41)}
"""What a shop asks on Etsy that leaves out sales."""


def make(seed: Seed, goods: Mapping[str, Any]) -> None:
    """Make them."""
    small, large = ([goods[name]["variants"][size]["id"] for name in sorted(PAID)] for size in (0, 1))
    seed.price_list("override", "override", {small[0]: 55})
    seed.price_list("sale", "sale", {small[0]: 30, large[1]: 31})
    seed.price_list("override of another", "override", {small[1]: 55, large[3]: 60})
    seed.price_list("dear sale", "sale", {small[1]: 50, large[4]: 45})
    seed.price_list("first tier", "override", {small[2]: 70}, row={"min_quantity": 1, "max_quantity": 4})
    seed.price_list("second tier", "override", {small[2]: 65, large[2]: 20}, row={"min_quantity": 5})
    seed.price_list(
        "elsewhere", "override", {small[4]: 20}, row={"rules": {"region_id": seed.id_of("regions", "elsewhere")}}
    )
    seed.price_list("draft", "sale", {small[3]: 1}, status="draft")
    seed.price_list("future", "sale", {small[3]: 2}, starts_at="2999-01-01T00:00:00Z")
    seed.price_list("past", "sale", {small[3]: 3}, ends_at="2020-01-01T00:00:00Z")
    seed.price_list("group", "sale", {small[3]: 4}, rules={"customer.groups.id": ["cusgroup_of_nobody"]})
