"""Stock of the sample Medusa: inventory items and their location levels.

Measured on 2.21.2 (ORDERS §9, EVENTS §3): a level's `updated_at` moves with each change of stock and each reservation;
that of the item and of the product does not. What products say of stock when they are loaded goes into the tables of
`state.py`; from then on the tables are right, and products are shown with what these say.
"""

from typing import Any

from etsy_pipeline.sandbox.medusa.bodies import refused
from etsy_pipeline.sandbox.medusa.filters import related
from etsy_pipeline.sandbox.state import State, load

Json = dict[str, Any]


def keep(state: State, product: Json) -> None:
    """Take over what a product says of its items and their stock. Malformed ones, which tests add, say nothing."""
    now = state.moment()
    for variant in related(product, "variants"):
        for link in related(variant, "inventory_items"):
            item_id, inventory = link.get("inventory_item_id"), link.get("inventory")
            if not isinstance(item_id, str) or not isinstance(inventory, dict):
                continue
            values = (
                item_id, str(product.get("id")), str(variant.get("id")), link.get("required_quantity") or 1,
                _text(variant.get("sku")), _text(variant.get("title")), str(product.get("created_at") or now),
            )  # fmt: skip
            state.run("INSERT OR REPLACE INTO medusa_item VALUES (?,?,?,?,?,?,?)", *values)
            for level in related(inventory, "location_levels"):
                _keep_level(state, item_id, level)


def keep_all(state: State) -> None:
    """The same for every product, where nothing was taken over yet: a state file of an older sandbox."""
    if not state.rows("SELECT 1 FROM medusa_item LIMIT 1"):
        for row in state.rows("SELECT data FROM medusa_product"):
            keep(state, load(row))


def shown(state: State, products: list[Json]) -> list[Json]:
    """The products with the stock that there is."""
    rows = state.rows("SELECT * FROM medusa_level ORDER BY inventory_item_id, location_id")
    found: dict[str, list[Json]] = {}
    for row in rows:
        found.setdefault(row["inventory_item_id"], []).append(_view(row))
    for product in products:
        for variant in related(product, "variants"):
            for link in related(variant, "inventory_items"):
                levels = found.get(str(link.get("inventory_item_id")))
                if levels and isinstance(link.get("inventory"), dict):
                    link["inventory"]["location_levels"] = [dict(level) for level in levels]
    return products


def items(state: State, item_id: str | None = None) -> list[Json]:
    """Inventory items of the products that there are, with their levels; by id."""
    sql = (
        "SELECT id, min(sku) AS sku, min(title) AS title, min(created_at) AS created_at FROM medusa_item "
        "WHERE product_id IN (SELECT id FROM medusa_product) AND ? IN ('', id) GROUP BY id ORDER BY id"
    )
    levels: dict[str, list[Json]] = {}
    for row in state.rows(
        "SELECT * FROM medusa_level WHERE ? IN ('', inventory_item_id)",
        item_id or "",
    ):
        available = {"available_quantity": row["stocked_quantity"] - row["reserved_quantity"]}  # by name as well, here
        levels.setdefault(row["inventory_item_id"], []).append(_view(row) | available)
    return [_item(dict(row), levels.get(row["id"], [])) for row in state.rows(sql, item_id or "")]


def of_variant(state: State, variant_id: str) -> list[Json]:
    """A variant's items: inventory_item_id, required_quantity, and their levels."""
    rows = state.rows("SELECT id, required_quantity FROM medusa_item WHERE variant_id = ? ORDER BY id", variant_id)
    sql = "SELECT * FROM medusa_level WHERE inventory_item_id = ? ORDER BY location_id"
    return [
        {"inventory_item_id": row["id"], "required_quantity": row["required_quantity"],
         "levels": [_view(level) for level in state.rows(sql, row["id"])]}
        for row in rows
    ]  # fmt: skip


def available(state: State, item_id: str, location_id: str) -> float | None:
    """How many can be reserved there; None where the item is not stocked."""
    sql = "SELECT * FROM medusa_level WHERE inventory_item_id = ? AND location_id = ?"
    row = state.row(sql, item_id, location_id)
    return row["stocked_quantity"] - row["reserved_quantity"] if row else None


def set_stocked(state: State, item_id: str, location_id: str, quantity: float) -> None:
    """So many are there, whatever was; below what is reserved as well (measured)."""
    _update(state, item_id, location_id, "stocked_quantity = ?", quantity)


def add(state: State, item_id: str, location_id: str, *, stocked: float = 0, reserved: float = 0) -> None:
    """So many more, or fewer."""
    change = "stocked_quantity = stocked_quantity + ?, reserved_quantity = reserved_quantity + ?"
    _update(state, item_id, location_id, change, stocked, reserved)


def insert(state: State, item_id: str, location_id: str, quantity: float, reserved: float = 0) -> None:
    """A new level."""
    now = state.moment()
    values = (item_id, location_id, f"ilev_{state.number('medusa_level', 1):026d}", quantity, reserved, now, now)
    state.run("INSERT INTO medusa_level VALUES (?,?,?,?,?,?,?)", *values)


def not_stocked(item_id: str, location_id: str) -> Exception:
    """Medusa's words."""
    return refused("not_found", f"Item {item_id} is not stocked at location {location_id}")


def _update(state: State, item_id: str, location_id: str, change: str, *values: float) -> None:
    sql = (
        f"UPDATE medusa_level SET {change}, updated_at = ? WHERE inventory_item_id = ? AND location_id = ? RETURNING id"  # noqa: S608 - our own text
    )
    if not state.rows(sql, *values, state.moment(), item_id, location_id):
        raise not_stocked(item_id, location_id)


def _keep_level(state: State, item_id: str, level: Json) -> None:
    stocked, reserved = level.get("stocked_quantity"), level.get("reserved_quantity") or 0
    place = level.get("location_id")
    if not isinstance(stocked, int | float) or not isinstance(reserved, int | float) or not isinstance(place, str):
        return
    if available(state, item_id, place) is None:
        insert(state, item_id, place, stocked, reserved)
    else:
        set_stocked(state, item_id, place, stocked)


def _view(row: Any) -> Json:
    return dict(row) | {"incoming_quantity": 0, "metadata": None}


def _item(row: Json, levels: list[Json]) -> Json:
    none = dict.fromkeys(
        ("description", "thumbnail", "origin_country", "hs_code", "mid_code", "material", "unit_of_measure", "weight",
         "length", "height", "width", "metadata")
    )  # fmt: skip
    sums = {name: sum(level[name] for level in levels) for name in ("reserved_quantity", "stocked_quantity")}
    return none | row | sums | {"updated_at": row["created_at"], "requires_shipping": True, "location_levels": levels}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
