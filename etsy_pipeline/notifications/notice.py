"""What people are told when a sync changes its state: one notice a change, in words. Pure."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """A sync, or an account as a whole, that came to a state which somebody should hear of.

    `event` names the change, once for each. `transaction_id` is the sync's (wf_…), or else the account's id. `page` is
    the address of the page that matters; blank where the pages' address is not known.
    """

    event: str
    transaction_id: str
    account: str
    status: str
    told: str
    synced_count: int = 0
    failed_count: int = 0
    page: str = ""

    @property
    def id(self) -> str:
        """The same for the same change of state, so that a receiver can tell a repetition."""
        return hashlib.sha256(f"{self.transaction_id}/{self.event}".encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """A line."""
        whose = f": sync {self.transaction_id}" if self.transaction_id.startswith("wf_") else ""
        return " ".join(f"etsy_pipeline: {self.account}{whose} {self.status}".split())

    @property
    def text(self) -> str:
        """All of it, for a person."""
        return "\n".join(filter(None, (self.subject, self.told, self.page)))

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"id": self.id, "subject": self.subject}
