"""What goes wrong in Medusa in the storm of orders: each kind of call that we make there, before and after it acted.

At times it takes no bookings for a while, though it can be read: then sales wait, plans are drawn up and published.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from storm import control

BEFORE, AFTER = ("drop_before", "fail_before"), ("drop_after", "fail_after")
OF_STOCK = (("POST", "/admin/reservations"), ("DELETE", "/admin/reservations/*"))
OF_ORDERS = (
    ("POST", "/admin/draft-orders"), ("POST", "/admin/draft-orders/*/convert-to-order"),
    ("DELETE", "/admin/draft-orders/*"), ("POST", "/admin/payment-collections"),
    ("POST", "/admin/payment-collections/*/mark-as-paid"), ("POST", "/admin/orders/*/cancel"),
    ("POST", "/admin/orders/*/fulfillments"), ("POST", "/admin/orders/*/fulfillments/*/shipments"),
)  # fmt: skip
READS = ("/admin/reservations", "/admin/orders", "/admin/draft-orders")
BOOKINGS = ("/admin/reservations", "/admin/draft-orders*")
READ = 0.1  # share of faults that strike a question
IN_WAIT = 2  # faults, on average, when a round begins
BEGINS, ENDS = 0.2, 0.4  # share of rounds before which Medusa takes no bookings any more, and takes them again
ALWAYS = 10**6  # calls

Fault = tuple[str, str, str]
"""Method, path and kind."""


@dataclass
class Weather:
    """The faults of a sample Medusa.

    Args:
        url: of the sample Medusa.
        dice: the seed's.
        mode: what the shop does with orders; of mode `stock`, no call about orders is made.
    """

    url: str
    dice: Random
    mode: str
    takes_bookings: bool = True
    struck: Counter[Fault] = field(default_factory=Counter)
    _on: Counter[Fault] = field(default_factory=Counter)

    @property
    def calls(self) -> tuple[tuple[str, str], ...]:
        """The changes that are made in this mode: method and path."""
        return (*OF_STOCK, *OF_ORDERS) if self.mode == "orders" else OF_STOCK

    @property
    def kinds(self) -> list[Fault]:
        """All that may strike a change."""
        return [(method, path, kind) for method, path in self.calls for kind in (*BEFORE, *AFTER)]

    def worsens(self) -> None:
        """One call of some kind will be lost."""
        if self.dice.random() < READ:
            self._add(("GET", self.dice.choice(READS), self.dice.choice(BEFORE)), 1)
        else:
            self._add(self.dice.choice(self.kinds), 1)

    def changes(self) -> None:
        """What was to come is off; perhaps no bookings are taken from now on, or are taken again."""
        self.clears()
        if self.dice.random() < (BEGINS if self.takes_bookings else ENDS):
            self.takes_bookings = not self.takes_bookings
        kind = self.dice.choice(BEFORE)
        for path in () if self.takes_bookings else BOOKINGS:
            self._add(("POST", path, kind), ALWAYS)
        for fault in self.kinds:
            if self.dice.random() < IN_WAIT / len(self.kinds):
                self._add(fault, 1)

    def clears(self) -> None:
        """Nothing fails any more; what struck until now is counted."""
        left: Counter[Fault] = Counter()
        for fault in control(self.url, "GET", "faults")["faults"]:
            left[fault["method"], fault["path"], fault["kind"]] += fault["times"]
        control(self.url, "DELETE", "faults")
        self.struck += self._on - left
        self._on.clear()

    def told(self) -> str:
        """How often each kind of change in Medusa was lost before it acted, and after that."""
        lost = [
            f"{method} {path.removeprefix('/admin/')} "
            + "+".join(str(sum(self.struck[method, path, kind] for kind in kinds)) for kinds in (BEFORE, AFTER))
            for method, path in self.calls
        ]
        return f"Lost in Medusa, before and after it acted: {', '.join(lost)}"

    def _add(self, fault: Fault, times: int) -> None:
        method, path, kind = fault
        control(self.url, "POST", "faults", {"method": method, "path": path, "kind": kind, "times": times})
        self._on[fault] += times
