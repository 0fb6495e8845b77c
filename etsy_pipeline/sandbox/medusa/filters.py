"""Medusa's filters and order of lists (docs/medusa-facts.md §5, §6, §8); unknown parameters are ignored."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import QueryParams

STATUSES = frozenset({"draft", "proposed", "published", "rejected"})
ORDERS = frozenset({"id", "created_at", "updated_at", "title", "handle", "status"})
EPOCH = "1970-01-01T00:00:00Z"
_COMPARISONS = ("$gte", "$gt", "$lte", "$lt")

Product = Mapping[str, Any]


class BadQuery(Exception):  # noqa: N818 - it reads as what it is: a bad query
    """A query that Medusa refuses; with status and body."""

    def __init__(self, status: int, body: Mapping[str, str]) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


def paging(query: QueryParams, default_limit: int) -> tuple[int, int]:
    """Limit and offset. Any limit is accepted, 1000 as well; below zero is an error of the server."""
    limit, offset = (_number(query, name, default) for name, default in (("limit", default_limit), ("offset", 0)))
    if limit < 0 or offset < 0:
        raise _server_error()
    return limit, offset


def ordered(found: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    """In the order that is asked for."""
    name = order.removeprefix("-")
    if name not in ORDERS:
        raise _server_error()
    return sorted(found, key=lambda item: str(item.get(name) or ""), reverse=order.startswith("-"))


def related(product: Product, relation: str) -> list[dict[str, Any]]:
    """What a product is related to. Malformed ones, which tests add, are related to nothing."""
    value = product.get(relation)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def matching(found: list[dict[str, Any]], query: QueryParams) -> list[dict[str, Any]]:
    """The products that all filters let through."""
    statuses = wanted(query, "status")
    if statuses - STATUSES:
        raise BadQuery(400, {"type": "invalid_data", "message": "Invalid request: Field 'status, 0' is required"})
    bounds = {(name, sign): _time(query[key]) for name, sign, key in _time_filters(query)}
    return [item for item in found if _is_related(item, query) and _is_within(item, bounds) and _is_found(item, query)]


def within(item: Product, query: QueryParams) -> bool:
    """Whether a thing's times are within those that are asked for."""
    return _is_within(item, {(name, sign): _time(query[key]) for name, sign, key in _time_filters(query)})


def _is_related(product: Product, query: QueryParams) -> bool:
    present = {
        "id": {product.get("id")},
        "status": {product.get("status")},
        "handle": {product.get("handle")},
        "sales_channel_id": _ids(product, "sales_channels"),
        "collection_id": _ids(product, "collection"),
        "tag_id": _ids(product, "tags"),
        "category_id": _ids(product, "categories"),
        "type_id": _ids(product, "type"),
    }
    return all(not (asked := wanted(query, name)) or asked & there for name, there in present.items())


def _ids(product: Product, relation: str) -> set[Any]:
    return {item.get("id") for item in related(product, relation)}


def _is_within(product: Product, bounds: Mapping[tuple[str, str], datetime]) -> bool:
    for (name, sign), bound in bounds.items():
        value = _time(str(product.get(name) or EPOCH))
        if not {"$gte": value >= bound, "$gt": value > bound, "$lte": value <= bound, "$lt": value < bound}[sign]:
            return False
    return True


def _is_found(product: Product, query: QueryParams) -> bool:
    """`q` looks into some texts of a product and its variants (which ones: tried, not documented)."""
    if not query.get("q"):
        return True
    parts = [
        *(product.get(name) for name in ("title", "subtitle", "description", "material")),
        *(item.get("value") for item in related(product, "type")),
        *(item.get("title") for item in related(product, "collection")),
        *(item.get(name) for item in related(product, "variants") for name in ("title", "sku")),
    ]
    return query["q"].casefold() in "\n".join(str(part) for part in parts if part).casefold()


def _time_filters(query: QueryParams) -> list[tuple[str, str, str]]:
    names = [(name, sign, f"{name}[{sign}]") for name in ("created_at", "updated_at") for sign in _COMPARISONS]
    return [item for item in names if item[2] in query]


def wanted(query: QueryParams, name: str) -> set[str]:
    """What a filter lets through, once or several times in the query; nothing where it is not there."""
    plain, bracketed = query.getlist(name), query.getlist(f"{name}[]")
    numbered = [
        value for key, value in query.multi_items() if key.startswith(f"{name}[") and key[len(name) + 1 : -1].isdigit()
    ]
    return {*plain, *bracketed, *numbered}


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise _server_error() from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _number(query: QueryParams, name: str, default: int) -> int:
    text = query.get(name, str(default))
    try:
        return int(text)
    except ValueError:
        message = f"Invalid request: Expected type: 'number' for field '{name}', got: '{text}'"
        raise BadQuery(400, {"type": "invalid_data", "message": message}) from None


def _server_error() -> BadQuery:
    body = {"code": "unknown_error", "type": "unknown_error", "message": "An unknown error occurred."}
    return BadQuery(500, body)
