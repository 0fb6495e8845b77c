"""Medusa's categories as a tree. A product tells its own categories and whose children they are, no further."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from etsy_pipeline.catalogue.product import Group
from etsy_pipeline.errors import NeedsPerson

FIELDS = "id,name,metadata,parent_category_id"
PAGE_SIZE = 500


@dataclass(frozen=True, slots=True)
class CategoryTree:
    """All categories by id, and the id of the one above each."""

    groups: Mapping[str, Group]
    above: Mapping[str, str]

    def parents(self, category_id: str) -> Sequence[Group] | None:
        """The categories above one, the nearest first; None where that is not known."""
        found: list[Group] = []
        while (category_id := self.above.get(category_id, "")) and category_id not in {item.id for item in found}:
            if category_id not in self.groups:
                return None
            found.append(self.groups[category_id])
        return found or None

    def with_those_below(self, category_ids: Sequence[str]) -> tuple[str, ...]:
        """Some categories and all below them."""
        wanted = set(category_ids)
        below = [item for item in self.groups if not wanted.isdisjoint(self._line(item))]
        return tuple(dict.fromkeys((*category_ids, *below)))

    def _line(self, category_id: str) -> Iterator[str]:
        seen: set[str] = set()
        while category_id and category_id not in seen:
            seen.add(category_id)
            yield category_id
            category_id = self.above.get(category_id, "")


def category_tree(rows: Sequence[Any]) -> CategoryTree:
    """The tree of Medusa's rows (`FIELDS`).

    Raises:
        NeedsPerson: `categories_unreadable`.
    """
    try:
        groups = [Group(id=row["id"], name=row["name"], metadata=row.get("metadata") or {}) for row in rows]
        above = {str(row["id"]): str(row["parent_category_id"] or "") for row in rows}
    except (KeyError, TypeError, AttributeError, ValueError):
        raise NeedsPerson(
            "Medusa's answer about its categories cannot be understood.",
            code="categories_unreadable",
            hint="Let the API key's role read categories, with the ones above them.",
        ) from None
    return CategoryTree({group.id: group for group in groups}, above)
