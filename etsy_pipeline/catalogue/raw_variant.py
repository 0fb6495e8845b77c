"""What a variant costs and how much of it there is, read out of Medusa's answer; a part that is absent is an error."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any


class FieldError(ValueError):
    """What is wrong, with the name of the field."""


def asked(raw: Mapping[str, Any], name: str) -> Any:
    """A part that was asked for. Medusa ignores fields that it does not know in silence (docs/medusa-facts.md §5)."""
    if name not in raw:
        raise FieldError(f"the answer has no field {name!r}")
    return raw[name]


def plain_prices(raw: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What one piece costs everybody, by currency: without prices of a rule (a region, a customer group).

    Of quantity tiers only one from the first piece on counts, and only where no price without a tier is. Those of price
    lists are not in Medusa's answer (`price_lists.py`). A row without an amount is no price. Two different plain prices
    in one currency cannot be: then the rules did not come along, and any choice could be the wrong price.
    """
    for_all = [price for price in raw if not (price.get("rules") or price.get("price_rules"))]
    plain = _by_currency(price for price in for_all if not _is_tier(price))
    return _by_currency(price for price in for_all if _is_tier(price) and _is_for_one_piece(price)) | plain


def narrow_prices(raw: Sequence[Mapping[str, Any]], plain: Mapping[str, Any]) -> tuple[str, ...]:
    """The currencies in which there are prices, and none of the plain ones."""
    every = {str(price.get("currency_code")).upper() for price in raw if price.get("amount") is not None}
    return tuple(sorted(every - plain.keys()))


def _is_tier(price: Mapping[str, Any]) -> bool:
    return bool(price.get("min_quantity") or price.get("max_quantity"))


def _is_for_one_piece(price: Mapping[str, Any]) -> bool:
    return Decimal(str(price.get("min_quantity") or 0)) <= 1  # where it ends does not matter (docs/medusa-facts.md §13)


def _by_currency(prices: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for price in prices:
        if (amount := asked(price, "amount")) is None:
            continue
        currency = str(asked(price, "currency_code")).upper()
        if found.setdefault(currency, amount) != amount:
            raise FieldError(f"prices: a variant costs both {found[currency]} and {amount} {currency}")
    return found


def available(raw: Mapping[str, Any], selling: Callable[[Mapping[str, Any]], bool]) -> int | None:
    """How many can be sold: a kit as often as its scarcest part allows (docs/medusa-facts.md §4).

    Args:
        raw: the variant.
        selling: whether a level is of a location that counts.
    """
    if not asked(raw, "manage_inventory"):
        return None
    pieces = []
    for item in asked(raw, "inventory_items") or ():
        levels = asked(asked(item, "inventory") or {"location_levels": ()}, "location_levels") or ()
        levels = [level for level in levels if selling(level)]
        free = sum(int(level["stocked_quantity"]) - int(level.get("reserved_quantity") or 0) for level in levels)
        pieces.append(max(0, free) // max(1, int(item.get("required_quantity") or 1)))
    return min(pieces, default=0)


def parts(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The inventory items of which its pieces are made, each once; none where its stock is not tracked."""
    if not asked(raw, "manage_inventory"):
        return ()
    ids = (item.get("inventory_item_id") for item in asked(raw, "inventory_items") or ())
    return tuple(sorted({str(item_id) for item_id in ids if item_id}))
