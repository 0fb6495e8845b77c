"""What the routes stand on: the settings, the database, and what is made of them for one request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from etsy_pipeline import wiring
from etsy_pipeline.planning.quota import Quota
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store


@dataclass(slots=True)
class AppContext:
    """Settings and store, handed to every route. `load` reads the settings anew, once set-up has stored some."""

    settings: Settings
    store: Store
    load: Callable[[], Settings] = Settings.load

    def reload(self) -> None:
        """Use the settings as they are stored now; the fence of the database is where these say.

        Raises:
            NotConfigured: `settings_unreadable`.
        """
        self.settings = self.load()
        if self.store.fence.paths:
            self.store.fence = wiring.fence_of(self.settings)

    def shop_client(self, account_id: str) -> ShopClient:
        """Etsy for a connected shop."""
        return wiring.shop_client(self.settings, self.store, account_id)

    def amount_unit(self) -> str:
        """The unit of Medusa's amounts now."""
        return self.settings.medusa()[2]

    def quota(self) -> Quota:
        """Calls to Etsy that are left today."""
        return wiring.quota_of(self.settings, self.store)


def _context(request: Request) -> AppContext:
    context: AppContext = request.app.state.context
    return context


Context = Annotated[AppContext, Depends(_context)]
