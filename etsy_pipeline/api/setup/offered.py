"""What there is to choose from: Etsy's profiles and categories, Medusa's categories, collections and sales channels.

Each is asked for once in a while and kept in memory. What cannot be had is told, and typed in place of chosen.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from etsy_pipeline import wiring
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.listings.shop import Choice, Kind, TaxonomyProperty
from etsy_pipeline.store import accounts
from etsy_pipeline.sync.kept_references import KeptReferences

Asked = TypeVar("Asked")

FRESH_SECONDS = 60.0  # what a shop owner may just have made in Shop Manager
SAME_FOR_LONG = 3600.0  # Etsy's categories
MOST_GROUPS = 1000  # of one kind, in one answer of Medusa's

GROUPS: Mapping[str, tuple[str, str]] = {
    "category_ids": ("product-categories", "name"),
    "collection_ids": ("collections", "title"),
    "type_ids": ("product-types", "value"),
    "tag_ids": ("product-tags", "value"),
    "sales_channel_ids": ("sales-channels", "name"),
}
"""What products are chosen by: the setting, Medusa's list, and what stands for a name in it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Something that Medusa sorts products by."""

    id: str
    name: str


class Offered:
    """Asks, and keeps the answers for a while."""

    def __init__(self, context: AppContext, clock: Callable[[], float] = time.monotonic) -> None:
        self._context, self._clock = context, clock
        self._kept: dict[object, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def of_shop(self, account_id: str) -> Mapping[Kind, Sequence[Choice]]:
        """The shop's profiles, policies, sections and partners.

        Raises:
            PipelineError: what asking Etsy raises.
        """
        with self._context.store.reading() as session:
            shop_id = accounts.get(session, account_id).shop_id or 0
        return self._fresh(("shop", account_id), FRESH_SECONDS, lambda: self._asked(account_id, shop_id))

    def categories(self, account_id: str) -> Sequence[Choice]:
        """Etsy's categories, named by their paths.

        Raises:
            PipelineError: what asking Etsy raises.
        """

        def ask() -> Sequence[Choice]:
            with closing(self._context.shop_client(account_id)) as client:
                return client.categories()

        return self._fresh("categories", SAME_FOR_LONG, ask)

    def properties(self, account_id: str, taxonomy_id: int) -> Sequence[TaxonomyProperty]:
        """What Etsy lists for one of its categories.

        Raises:
            PipelineError: what asking Etsy raises.
        """

        def ask() -> Sequence[TaxonomyProperty]:
            with closing(self._context.shop_client(account_id)) as client:
                return KeptReferences(self._context.store, client, may_be_kept=False).taxonomy_properties(taxonomy_id)

        return self._fresh(("properties", taxonomy_id), SAME_FOR_LONG, ask)

    def groups(self, setting: str) -> Sequence[Group]:
        """What Medusa sorts products by, for a setting of the selection.

        Raises:
            PipelineError: what asking Medusa raises.
        """
        what, name = GROUPS[setting]

        def ask() -> Sequence[Group]:
            with closing(wiring.catalogue_of(self._context.settings, someone_waits=True)) as catalogue:
                rows, _ = catalogue.listed(what, f"id,{name}", MOST_GROUPS)
            found = (Group(str(row["id"]), str(row.get(name) or row["id"])) for row in rows if "id" in row)
            return sorted(found, key=lambda item: item.name.casefold())

        return self._fresh((self._context.settings.medusa_url, what), FRESH_SECONDS, ask)

    def forget(self) -> None:
        """Ask anew: settings changed."""
        with self._lock:
            self._kept.clear()

    def _asked(self, account_id: str, shop_id: int) -> Mapping[Kind, Sequence[Choice]]:
        with closing(self._context.shop_client(account_id)) as client:
            return KeptReferences(self._context.store, client, may_be_kept=False).choices(shop_id)

    def _fresh(self, key: object, seconds: float, ask: Callable[[], Asked]) -> Asked:
        with self._lock:
            at, found = self._kept.get(key, (float("-inf"), None))
        if self._clock() - at < seconds:
            return cast(Asked, found)
        found = ask()
        with self._lock:
            self._kept[key] = self._clock(), found
        return found


def or_trouble(ask: Callable[[], Any], otherwise: Any) -> tuple[Any, PipelineError | None]:
    """What was asked for; where it cannot be had something else, and why."""
    try:
        return ask(), None
    except PipelineError as error:
        return otherwise, error
