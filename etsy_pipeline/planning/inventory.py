"""Prices, stock and variations in a plan: what is sent, what differs, and what someone did on Etsy meanwhile.

Stock is special: pieces that Etsy sold are no edit. While Medusa's stock has not risen since, they stay sold. Where a
shop's orders come to Medusa (`sales/guard.py`), its stock is the truth instead, once it knows of all of them.

Whoever compares two inventories does it here, cell by cell (`compared`, `differs`): the drift checks and reading back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

from etsy_pipeline.listings.axes import CUSTOM_PROPERTY_IDS
from etsy_pipeline.listings.grid import with_axes
from etsy_pipeline.listings.listing import Inventory, Offering, VariationProperty
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.planning.changes import ConflictOutcome, Difference, FieldConflict
from etsy_pipeline.planning.fields import shown
from etsy_pipeline.sales.guard import OpenOnListing, StockGuard, guard_of

Cell = tuple[str, ...]
Value = Literal["price", "quantity", "sku"]
VALUES: tuple[Value, ...] = ("price", "quantity", "sku")
CELLS_NAMED = 3


@dataclass(frozen=True, slots=True)
class PriceMove:
    """A price that changes, of one cell."""

    name: str
    old: Decimal
    new: Decimal


class Sides(NamedTuple):
    """What a target is compared with: as it was last published, and as Etsy has it, where that was read."""

    published: Inventory
    live: Inventory | None

    @property
    def base(self) -> Inventory:
        """What stands on Etsy, as far as is known."""
        return self.live if self.live is not None else self.published


@dataclass(frozen=True, slots=True)
class InventoryPlan:
    """What a plan does to an inventory. `vanishing` are cells that buyers have now and will not have any more.

    `waits`: Medusa has more pieces, and they are not sent until all sales on Etsy are booked. `lowers`: pieces
    are taken off sale, and nothing else is done.
    """

    target: Inventory
    differences: tuple[Difference, ...] = ()
    conflicts: tuple[FieldConflict, ...] = ()
    moves: tuple[PriceMove, ...] = ()
    vanishing: tuple[str, ...] = ()
    waits: bool = False
    lowers: bool = False


def plan_inventory(
    desired: Inventory,
    published: Inventory | None,
    live: Inventory | None,
    settings: ShopSettings,
    open_sales: OpenOnListing | None = None,
) -> InventoryPlan:
    """Compare Medusa's inventory with what was published and with what Etsy has; ownership and conflicts included.

    Args:
        desired: as Medusa's stock has it.
        published: as it was last published; None: never.
        live: as Etsy has it, where that was read.
        settings: the shop's, with what the link keeps for the seller.
        open_sales: what was sold that Medusa's stock lacks; counts only where the shop's orders come to Medusa.
    """
    if published is None:
        desired = _guarded(desired, live, guard_of(desired.offerings, settings.orders.mode, open_sales))
        return InventoryPlan(desired, (Difference("variations", "inventory", "–", _told(desired)),))
    if live is None and desired == published:
        return InventoryPlan(desired)
    as_told, keeps_grid = Sides(published, live), _keeps_grid(settings)
    if not keeps_grid:
        published, live = _as_shaped(published, desired), _as_shaped(live, desired) if live is not None else None
    target, conflicts, waits = _merged(desired, published, live, settings, open_sales)
    sides = Sides(published, live)
    base = sides.base
    differences, moves = _differences(target, sides, as_told, keeps_grid=keeps_grid)
    vanishing = [
        _name(old) or f"the one with the SKU {old.sku or 'none'}"
        for old, new in compared(base, target).values()
        if old is not None and old.for_sale and not (new is not None and new.has_variant)
    ]
    pieces = [(old.for_sale if old else 0, new.for_sale if new else 0) for old, new in compared(base, target).values()]
    lowers = {change.field for change in differences} == {"quantity"} and all(new <= old for old, new in pieces)
    return InventoryPlan(target, differences, conflicts, moves, tuple(vanishing), waits, lowers)


def compared(old: Inventory, new: Inventory) -> dict[Cell, tuple[Offering | None, Offering | None]]:
    """Two inventories cell by cell, whatever the order of their axes and the case of their values: (old, new)."""
    before, after = _cells(old, like=old), _cells(new, like=old)
    return {cell: (before.get(cell), after.get(cell)) for cell in (*before, *(set(after) - set(before)))}


def with_fewer_pieces(planned: Inventory, present: Inventory) -> tuple[Inventory, Difference]:
    """What was planned, with no more pieces of a cell than there are now, and how that differs; both have its cells."""
    now, order = _cells(present, like=planned), range(len(planned.properties))
    offerings, fewer = [], []
    for item in planned.offerings:
        there = now[_cell(item.values, order)]
        is_fewer = there.for_sale < item.for_sale
        left = {"quantity": there.quantity, "is_enabled": there.is_enabled, "stock": there.stock}
        offerings.append(replace(item, **left) if is_fewer else item)  # type: ignore[arg-type] # as the names say
        if is_fewer:
            fewer.append((_name(item), item.for_sale, there.for_sale))
    told = [_listed([(name, str(pieces[side])) for name, *pieces in fewer]) for side in range(2)]
    return with_axes(offerings, planned.properties), Difference("quantity", "inventory", *told)


def without_pieces(inventory: Inventory) -> Inventory:
    """An inventory of which everything was sold."""
    offerings = [replace(item, quantity=0, is_enabled=False) for item in inventory.offerings]
    return replace(inventory, offerings=tuple(offerings))


def differs(old: Offering, new: Offering, value: Value) -> bool:
    """Whether a cell has another price, another number of pieces for sale, or another SKU than before."""
    if value == "price" and not old.is_enabled:
        return False  # what is disabled comes back without a price (FACTS §7)
    return _of(old, value) != _of(new, value)


def _guarded(desired: Inventory, live: Inventory | None, guard: StockGuard | None) -> Inventory:
    """An inventory whose first publication did not come to its end: a buyer may have bought of it all the same."""
    if guard is None or live is None:
        return desired
    now = _cells(live, like=desired)
    offerings = []
    for item in desired.offerings:
        held = now.get(_cell(item.values, range(len(item.values))))
        pieces = guard.allowed(item, held.for_sale if held else 0)
        offerings.append(replace(item, quantity=pieces, is_enabled=item.is_enabled and pieces > 0))
    return replace(desired, offerings=tuple(offerings))


def _merged(
    desired: Inventory,
    published: Inventory,
    live: Inventory | None,
    settings: ShopSettings,
    open_sales: OpenOnListing | None,
) -> tuple[Inventory, tuple[FieldConflict, ...], bool]:
    """The inventory to be sent: ours, but for what is the seller's and what was sold; and whether pieces wait."""
    before, now = _cells(published, like=desired), _cells(live, like=desired) if live is not None else {}
    ours = _cells(desired, like=desired)
    shape = desired
    if _keeps_grid(settings) and (
        live is None or {item.values for item in live.offerings} != {item.values for item in desired.offerings}
    ):
        shape = published
        ours |= _of_kept_grid(desired, published, settings)
    order = _order(shape.properties, desired.properties)
    conflicts: dict[tuple[Value, ConflictOutcome], list[tuple[str, object, object, object]]] = {}
    is_ours = settings.ownership.get("quantity", "owned") == "owned"
    guard = guard_of(shape.offerings, settings.orders.mode, open_sales) if is_ours else None
    offerings, waits = [], False
    for item in shape.offerings:
        cell = _cell(item.values, order)
        chosen = replace(ours[cell], values=item.values) if cell in ours else item
        for value in VALUES:
            if value == "quantity" and guard is not None and chosen.has_variant:
                held = now.get(cell) if live is not None else before.get(cell)
                waits = waits or guard.holds_back(chosen, held.for_sale if held else 0)
                chosen, told = _as_booked(chosen, before.get(cell), held, guard, settings)
            else:
                chosen, told = _settled(chosen, before.get(cell), now.get(cell), value, settings)
            if told is not None:
                outcome, *told_of = told
                conflicts.setdefault((value, outcome), []).append((_name(item), *told_of))  # type: ignore[arg-type]
        offerings.append(chosen)
    found = tuple(_conflict(value, outcome, cells) for (value, outcome), cells in conflicts.items())
    if tuple(offerings) == desired.offerings:
        return desired, found, waits
    return with_axes(offerings, shape.properties), found, waits


def _as_shaped(inventory: Inventory, like: Inventory) -> Inventory:
    """An inventory as another one is shaped, where no variation is another one by that.

    An axis with one value tells nothing apart, and goes where the other has none for it. A listing without variations
    is the one of the other's that has its SKU; where there are no SKUs, the one whose price is nearest.
    """
    extra = _order(inventory.properties, like.properties)[len(like.properties) :]
    constant = {place for place in extra if len({item.values[place : place + 1] for item in inventory.offerings}) == 1}
    if constant:
        kept = [place for place in range(len(inventory.properties)) if place not in constant]
        cells = [
            replace(item, values=tuple(value for place, value in enumerate(item.values) if place in kept))
            for item in inventory.offerings
        ]
        inventory = with_axes(cells, tuple(inventory.properties[place] for place in kept))
    if inventory.properties or not like.properties or len(inventory.offerings) != 1:
        return inventory
    [only] = inventory.offerings
    may_be = [item for item in like.offerings if item.has_variant and item.sku in {only.sku, ""}]
    if not may_be:
        return inventory
    same = min(may_be, key=lambda item: (item.sku != only.sku, abs(item.price - only.price)))
    return with_axes([replace(only, values=same.values)], like.properties)


def _keeps_grid(settings: ShopSettings) -> bool:
    return settings.ownership.get("variations", "owned") != "owned"


def _of_kept_grid(desired: Inventory, published: Inventory, settings: ShopSettings) -> dict[Cell, Offering]:
    """What becomes of variations that stay as they were published and that Medusa has no more under their names.

    One with the SKU of a variation that is new in Medusa was renamed, and has its price and pieces. Another one is not
    sold any more: nobody has it. (Where the quantity is the seller's, that is the seller's business.)
    """
    ours, before = _cells(desired, like=desired), _cells(published, like=desired)
    renamed = _by_sku([item for cell, item in ours.items() if cell not in before])
    found = {}
    for cell, item in before.items():
        if cell in ours or not item.has_variant:
            continue
        if item.sku in renamed:
            found[cell] = renamed[item.sku]
        elif settings.ownership.get("quantity", "owned") == "owned":
            found[cell] = replace(item, quantity=0, is_enabled=False, stock=None)
    return found


def _by_sku(offerings: Sequence[Offering]) -> dict[str, Offering]:
    """Those with a SKU that no other one has."""
    skus = Counter(item.sku for item in offerings)
    return {item.sku: item for item in offerings if item.sku and item.has_variant and skus[item.sku] == 1}


def _settled(
    item: Offering, before: Offering | None, now: Offering | None, value: Value, settings: ShopSettings
) -> tuple[Offering, tuple[ConflictOutcome, object, object, object] | None]:
    """One value of one cell after ownership and conflicts: the offering, and the conflict if there is one."""
    if before is None or not item.has_variant:
        return item, None
    held = now if now is not None and (now.is_enabled or value == "quantity") else None
    wanted, published = _of(item, value), _of(before, value)
    found = None if held is None else _of(held, value)
    if settings.ownership.get(value, "owned") != "owned":
        return _with(item, value, published if found is None else found), None
    if value == "quantity" and (found is None or int(str(found)) <= before.for_sale):
        return _after_sales(item, before, held)
    if found is None or found in {published, wanted}:
        return item, None
    if settings.on_conflict == "keep":
        return _with(item, value, found), ("kept", published, found, wanted)
    return item, ("overwritten", published, found, wanted)


def _as_booked(
    item: Offering, before: Offering | None, held: Offering | None, guard: StockGuard, settings: ShopSettings
) -> tuple[Offering, tuple[ConflictOutcome, object, object, object] | None]:
    """Pieces where Etsy's sales come to Medusa: its stock less what it does not know of yet (`sales/guard.py`).

    More pieces on Etsy than were published are somebody's edit, as ever.
    """
    left = held.for_sale if held is not None else 0
    pieces = guard.allowed(item, left)
    stock = item.quantity if pieces < item.quantity else None
    settled = replace(item, quantity=pieces, is_enabled=pieces > 0, stock=stock)
    if before is None or left in {pieces, before.for_sale}:
        return settled, None
    if left < before.for_sale:
        return settled, ("sold", before.for_sale, left, pieces)
    if settings.on_conflict == "keep":
        return _with(item, "quantity", left), ("kept", before.for_sale, left, pieces)
    return settled, ("overwritten", before.for_sale, left, pieces)


def _after_sales(
    item: Offering, before: Offering, held: Offering | None
) -> tuple[Offering, tuple[ConflictOutcome, object, object, object] | None]:
    """Pieces that are still for sale: not those that Etsy sold, unless Medusa's stock has risen since."""
    left = before.for_sale if held is None else held.for_sale
    pieces = item.quantity if item.quantity > before.wanted else min(item.quantity, left)
    stock = item.quantity if pieces < item.quantity else None
    settled = replace(item, quantity=pieces, is_enabled=pieces > 0, stock=stock)
    return settled, ("sold", before.for_sale, left, pieces) if left < before.for_sale else None


def _of(item: Offering, value: Value) -> object:
    return item.for_sale if value == "quantity" else getattr(item, value)


def _with(item: Offering, value: Value, new: object) -> Offering:
    if value == "quantity":
        pieces = int(str(new))
        return replace(item, quantity=pieces, is_enabled=pieces > 0)
    return replace(item, price=Decimal(str(new))) if value == "price" else replace(item, sku=str(new))


def _conflict(
    value: Value, outcome: ConflictOutcome, cells: Sequence[tuple[str, object, object, object]]
) -> FieldConflict:
    sides = [_listed([(name, shown(cell[side])) for name, *cell in cells]) for side in range(3)]
    return FieldConflict(value, sides[0], sides[1], sides[2], outcome)


def _differences(
    target: Inventory, sides: Sides, as_told: Sides, *, keeps_grid: bool
) -> tuple[tuple[Difference, ...], tuple[PriceMove, ...]]:
    """What differs, cell by cell; `as_told` are the sides before they were shaped like the target."""
    live = sides.live
    new, old, before = (_cells(inventory, like=target) for inventory in (target, sides.base, sides.published))
    found = []
    kept = {cell for cell, item in old.items() if item.has_variant and (item.is_enabled or cell in before)}
    wanted = {cell for cell, item in new.items() if item.has_variant}
    lost = {cell for cell in kept if old[cell].is_enabled} - wanted
    added = wanted - ({cell for cell, item in old.items() if item.is_enabled} if keeps_grid else set())
    added -= {cell for cell, item in before.items() if item.has_variant}
    if _axes(target) != _axes(as_told.base) or lost or added:
        told = _told(as_told.published), _told(as_told.live) if as_told.live is not None else ""
        found.append(Difference("variations", "inventory", _told(as_told.base), _told(target), *told))
    shared = [cell for cell in new if cell in kept and new[cell].has_variant]
    is_first_grid = bool(target.properties) and not as_told.base.properties  # told as a whole
    for value in () if is_first_grid else VALUES:
        changed = [cell for cell in shared if differs(old[cell], new[cell], value)]
        if changed:
            found.append(_difference(value, changed, new, old, before, live))
    moves = (_price_move(new[cell], old[cell], before.get(cell)) for cell in shared)
    return tuple(found), tuple(move for move in moves if move is not None)


def _price_move(new: Offering, old: Offering, before: Offering | None) -> PriceMove | None:
    """How a cell's price moves; that of one that was sold out, since it was published: Etsy tells none (FACTS §7)."""
    known = old if old.is_enabled else before if new.is_enabled else None
    if known is None or known.price == new.price:
        return None
    return PriceMove(_name(new), known.price, new.price)


def _difference(
    value: Value,
    cells: Sequence[Cell],
    new: Mapping[Cell, Offering],
    old: Mapping[Cell, Offering],
    before: Mapping[Cell, Offering],
    live: Inventory | None,
) -> Difference:
    def told(side: Mapping[Cell, Offering]) -> str:
        return _listed([(_name(new[cell]), shown(_of(side[cell], value))) for cell in cells if cell in side])

    return Difference(value, "inventory", told(old), told(new), told(before), told(old) if live is not None else "")


def _cells(inventory: Inventory, *, like: Inventory) -> dict[Cell, Offering]:
    """Offerings by what they are, with their axes in another inventory's order."""
    order = _order(inventory.properties, like.properties)
    return {_cell(item.values, order): item for item in inventory.offerings}


def _cell(values: Cell, order: Sequence[int]) -> Cell:
    """A cell's name: its values in an order of axes. Etsy may have them in another case."""
    return tuple(values[position].casefold() for position in order if position < len(values))


def _order(axes: Sequence[VariationProperty], like: Sequence[VariationProperty]) -> list[int]:
    """Where each of the axes `like` stands among these: the same one, else one of its name, else the next one left."""
    free, found = list(range(len(axes))), dict[int, int]()
    for key in (_axis, _called):
        for number, wanted in enumerate(like):
            same = [position for position in free if key(axes[position]) == key(wanted)]
            if number not in found and same:
                found[number] = same[0]
                free.remove(same[0])
    for number in range(len(like)):
        if number not in found and free:
            found[number] = free.pop(0)
    return [*(found[number] for number in sorted(found)), *free]


def _axes(inventory: Inventory) -> list[tuple[int, str]]:
    return sorted(_axis(item) for item in inventory.properties)


def _axis(item: VariationProperty) -> tuple[int, str]:
    """What varies; Etsy may call its own properties in other languages, so their names do not count."""
    return item.property_id, _called(item) if item.property_id in CUSTOM_PROPERTY_IDS else ""


def _called(item: VariationProperty) -> str:
    return item.name.casefold()


def _name(item: Offering) -> str:
    return " / ".join(item.values)


def _listed(cells: Sequence[tuple[str, str]]) -> str:
    """Values of cells: one where all are equal, else each with its cell's name."""
    texts = dict.fromkeys(text for _, text in cells)
    if len(texts) <= 1:
        return next(iter(texts), "–")
    named = [f"{name}: {text}" for name, text in cells[:CELLS_NAMED]]
    more = len(cells) - CELLS_NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _told(inventory: Inventory) -> str:
    """An inventory in a line: what it varies by, prices, pieces."""
    sold = [item for item in inventory.offerings if item.is_enabled]
    prices = sorted({item.price for item in sold})
    price = f"{prices[0]}" if len(prices) == 1 else f"{prices[0]}–{prices[-1]}" if prices else "no price"
    pieces = sum(item.quantity for item in sold)
    by = " × ".join(item.name for item in inventory.properties)
    return f"{price}, {pieces} pieces" + (f", {len(sold)} variations by {by}" if by else "")
