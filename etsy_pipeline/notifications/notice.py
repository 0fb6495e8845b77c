"""What people are told when a sync changes its state: one notice a change, in words. Pure."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Notice:
    """A sync that came to a state which somebody should hear of. `event` names the change, once for each."""

    event: str
    transaction_id: str
    account: str
    status: str
    told: str
    synced_count: int = 0
    failed_count: int = 0

    @property
    def id(self) -> str:
        """The same for the same change of state, so that a receiver can tell a repetition."""
        return hashlib.sha256(f"{self.transaction_id}/{self.event}".encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """A line."""
        return " ".join(f"etsy_pipeline: {self.account}: sync {self.transaction_id} {self.status}".split())

    @property
    def text(self) -> str:
        """All of it, for a person."""
        return f"{self.subject}\n{self.told}"

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self) | {"id": self.id, "subject": self.subject}
