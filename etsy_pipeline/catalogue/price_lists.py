"""What a customer pays where a price list changes it, and whether Medusa's prices have tax in them.

How Medusa chooses among lists is measured (docs/medusa-facts.md §13): see `listings/medusa_price.py`. Here are only the
lists that hold for everybody at one moment; those for customer groups or regions are none of Etsy's.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from etsy_pipeline.errors import NeedsPerson, PipelineError

ListType = Literal["override", "sale"]
Ask = Callable[[str, Sequence[tuple[str, str]]], Mapping[str, Any]]
"""A list of the Admin API by its name, and its parameters: the answer with the list and its `count`."""

LISTS, PREFERENCES = "price-lists", "price-preferences"
PAGE = 100  # price lists a question
MOST_PREFERENCES = 1000
LIST_FIELDS = (
    "id,title,type,status,starts_at,ends_at,rules_count,price_list_rules.attribute,price_list_rules.value"
)  # fmt: skip
PRICE_FIELDS = (
    "id,prices.amount,prices.currency_code,prices.min_quantity,prices.max_quantity,prices.price_rules.attribute,"
    "prices.price_rules.value,prices.price_set.variant.id"
)
PREFERENCE_FIELDS = "attribute,value,is_tax_inclusive"


class ListPrice(BaseModel):
    """What one piece of a variant costs by a price list, in the unit in which the server stores amounts."""

    model_config = ConfigDict(frozen=True)

    price_list: str
    type: ListType
    currency_code: str
    amount: Decimal


class NotShown(NeedsPerson):
    """The API key may not read this (403), or the server has no such thing (404)."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(
            f"Medusa does not show its {what.replace('-', ' ')} ({status}).",
            code="medusa_not_shown",
            hint="Let the API key's role read them.",
        )
        self.is_refused = status != 404  # noqa: PLR2004 - not found


@dataclass(frozen=True, slots=True)
class CustomerPrices:
    """What is known beside a variant's plain prices.

    Args:
        of_variant: prices of the lists that hold, by variant id.
        with_tax: currencies (upper case) whose prices include tax; None: not known.
        not_told: what Medusa does not show, `price-lists` or `price-preferences`.
    """

    of_variant: Mapping[str, Sequence[ListPrice]] = field(default_factory=dict)
    with_tax: tuple[str, ...] | None = None
    not_told: tuple[str, ...] = ()


def customer_prices(ask: Ask, at: datetime) -> CustomerPrices:
    """What holds for everybody at a moment.

    Args:
        ask: Medusa.
        at: the moment; with a time zone.

    Raises:
        NeedsPerson: `price_lists_unreadable`.
        PipelineError: what a question to Medusa raises.
    """
    with_tax = _with_tax(ask)
    not_told = (PREFERENCES,) if with_tax is None else ()
    try:
        return CustomerPrices(_read(ask, at), with_tax, not_told)
    except NotShown as error:  # a server without price lists has none
        return CustomerPrices({}, with_tax, (LISTS, *not_told) if error.is_refused else not_told)
    except (KeyError, TypeError, AttributeError, ValueError, ValidationError) as error:
        raise unreadable(f"cannot be understood ({type(error).__name__})") from None


def unreadable(problem: str) -> PipelineError:
    """What customers pay is not known."""
    return NeedsPerson(
        f"Medusa's answer about its price lists {problem}: it is not known what customers pay.",
        code="price_lists_unreadable",
        hint="Look at the price lists in Medusa's admin, and at what the API key's role may read.",
    )


def _read(ask: Ask, at: datetime) -> Mapping[str, Sequence[ListPrice]]:
    found: dict[str, list[ListPrice]] = defaultdict(list)
    for row in _lists(ask):
        if not _holds(row, at):
            continue
        answer = ask(LISTS, [("id[]", str(row["id"])), ("fields", PRICE_FIELDS)])
        for told in answer["price_lists"]:
            for price in told["prices"] or ():
                if _is_for_one_piece(price) and price["variant_id"]:
                    found[price["variant_id"]].append(_list_price(row, price))
    return found


def _lists(ask: Ask) -> list[Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    position = 0
    while True:
        query = [("fields", LIST_FIELDS), ("order", "id"), ("limit", str(PAGE)), ("offset", str(position))]
        answer = ask(LISTS, query)
        rows = answer["price_lists"]
        found |= {row["id"]: row for row in rows}
        position += len(rows)
        if position >= answer["count"]:
            break
        if not rows:
            raise unreadable(f"has {position} of {answer['count']} lists")
    return list(found.values())


def _holds(row: Mapping[str, Any], at: datetime) -> bool:
    """Whether a list holds for everybody now. A part that is absent is an error, never "no rule" or "no end"."""
    starts, ends = _moment(row["starts_at"]), _moment(row["ends_at"])
    is_for_some = bool(row["rules_count"] or row.get("rules"))
    in_time = (starts is None or starts <= at) and (ends is None or at <= ends)
    return row["status"] == "active" and in_time and not is_for_some


def _is_for_one_piece(price: Mapping[str, Any]) -> bool:
    """As Medusa takes it: a tier from one piece on is the price of one; rules are for some only; null is no price."""
    return price["amount"] is not None and not price["rules"] and (price["min_quantity"] or 0) <= 1


def _list_price(row: Mapping[str, Any], price: Mapping[str, Any]) -> ListPrice:
    return ListPrice(
        price_list=str(row["title"] or row["id"]),
        type=row["type"],
        currency_code=str(price["currency_code"]).upper(),
        amount=price["amount"],
    )


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    found = _MOMENT.validate_python(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _with_tax(ask: Ask) -> tuple[str, ...] | None:
    """Currencies whose plain prices include tax: Medusa's preferences; what has none is without tax."""
    try:
        answer = ask(PREFERENCES, [("fields", PREFERENCE_FIELDS), ("limit", str(MOST_PREFERENCES))])
        rows = answer["price_preferences"]
        if answer["count"] > len(rows):
            return None
        told = {str(row["value"]).upper(): row["is_tax_inclusive"] for row in rows if row["attribute"] == CURRENCY}
    except (NotShown, KeyError, TypeError, AttributeError):
        return None
    return tuple(sorted(code for code, includes in told.items() if includes is True))


CURRENCY = "currency_code"
_MOMENT = TypeAdapter(datetime)
