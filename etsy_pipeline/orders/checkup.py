"""How a shop's orders stand, for whoever asks whether everything is in place (`etsy-pipeline doctor`)."""

from collections.abc import Iterator, Mapping
from typing import Any

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.orders.views import standing
from etsy_pipeline.store import links
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount

WAITING = {
    "needs_person": "orders need a person",
    "needs_link": "lines need a link",
    "oversold": "lines are oversold",
    "waiting": "lines wait to be booked",
    "doubted": "listings get more pieces only once a person agrees",
}


def are_read(account: EtsyAccount) -> bool:
    """Whether a shop's orders are to be read at all."""
    try:
        return settings_of(account).orders.is_on
    except PipelineError:
        return False  # its settings are told of as the shop's


def told(store: Store, account: EtsyAccount) -> tuple[bool | None, str]:
    """Whether its orders are read, in words: False where they are not, None where something waits for a person."""
    found = standing(store, account.id)
    with store.reading() as session:
        doubted = links.doubted_count(session, account.id)
    waiting = {**found["orders"], **found["lines"], "doubted": doubted}
    facts = [*_facts(found), *(f"{waiting[name]} {what}" for name, what in WAITING.items() if waiting.get(name))]
    wrong = [found["problem"]] if found["problem"] else []
    if found["missing_permissions"]:
        wrong.insert(0, f"{' '.join(found['missing_permissions'])} is not granted: connect the shop again")
    is_waited_for = any(waiting.get(name) for name in WAITING)
    return False if wrong else None if is_waited_for else True, "; ".join([*wrong, *facts])


def _facts(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"mode {found['mode']}"
    yield f"read until {found['read_until']:.16}" if found["read_until"] else "never read yet"
    addresses, tracking = found["tells_addresses"], found["takes_tracking"]
    yield f"addresses: {'not known yet' if addresses is None else 'told' if addresses else 'not told to this key'}"
    yield f"tracking: {'not known yet' if tracking is None else 'taken' if tracking else 'not taken of this key'}"
    if found["lag_seconds_95"] is not None:
        yield f"booked {found['lag_seconds_median']:.0f} s after the sale, 95 % within {found['lag_seconds_95']:.0f} s"
