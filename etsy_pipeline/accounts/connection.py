"""How an account's connection to its Etsy shop stands: what `doctor`, `accounts` and the UI show of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from etsy_pipeline.store.records import EtsyAccount

FEW_DAYS = 14  # it is refreshed weekly: with fewer left of the 90, nothing has refreshed it for long

State = Literal["not connected", "connected", "expires soon", "needs consent"]


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection: its state, the days left of Etsy's 90, and what Etsy said when it was lost."""

    state: State
    days_left: int | None = None
    needs_consent_since: datetime | None = None
    problem: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether nobody has to do anything."""
        return self.state == "connected"

    def __str__(self) -> str:
        if self.state == "needs consent":
            return f"needs consent since {self.needs_consent_since:%Y-%m-%d %H:%M} UTC: {self.problem}"
        if self.days_left is None:
            return self.state
        return f"{self.state}, {self.days_left} days left"


def connection_of(account: EtsyAccount, now: datetime) -> Connection:
    """How an account's connection stands."""
    expires_at = account.refresh_token_expires_at
    if expires_at is None or not account.is_active:
        return Connection("not connected")
    days = max(0, (expires_at - now).days)
    if account.needs_consent_since is not None:
        return Connection("needs consent", days, account.needs_consent_since, account.token_problem)
    if expires_at <= now:
        return Connection("needs consent", 0, expires_at, "the refresh token has expired.")
    return Connection("connected" if days >= FEW_DAYS else "expires soon", days)
