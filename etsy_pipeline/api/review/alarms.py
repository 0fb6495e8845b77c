"""What is wrong with the installation or a shop as a whole: told once, at the top of every page, with what to do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from etsy_pipeline.accounts.connection import connection_of
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.shop.holds import TAKEN_OVER
from etsy_pipeline.store import accounts, holds, signs_of_life
from etsy_pipeline.store.records import AccountHold, EtsyAccount
from etsy_pipeline.sync.holds import what_to_do

_ON_PAGE: Mapping[str, str] = {
    "currency_changed": "If that is right, accept it; plans in the old currency are called off. Then sync anew.",
    "shop_renamed": "If that is right, accept it.",
    "shop_replaced": "Connect the right shop again.",
}
_UNITS = ((86_400, "days"), (3600, "hours"), (60, "minutes"))


@dataclass(frozen=True, slots=True)
class Alarm:
    """`accepts` is the code of a hold that a person may accept here; `connects` says that connecting again helps."""

    title: str
    what_to_do: str
    account_id: str = ""
    accepts: str = ""
    connects: bool = False


def alarms(context: AppContext) -> Sequence[Alarm]:
    """All of them, the widest first."""
    with context.store.reading() as session:
        silent_for = signs_of_life.seconds_since(session, signs_of_life.SENSORS)
        shops = {account.id: account for account in accounts.every(session)}
        held = holds.every(session)
    return [*_dagster(silent_for), *(_hold(hold, shops) for hold in held), *_connections(shops.values())]


def _dagster(silent_for: float | None) -> Iterator[Alarm]:
    if silent_for is not None and silent_for <= signs_of_life.SILENT_SECONDS:
        return
    seen = "it was never at work here" if silent_for is None else f"it was at work {_ago(silent_for)} ago"
    yield Alarm(
        f"Nothing is planned or published now: Dagster does not run ({seen}).",
        "Start `etsy-pipeline up` on the machine of this installation. What is asked for meanwhile waits.",
    )


def _hold(hold: AccountHold, shops: Mapping[str, EtsyAccount]) -> Alarm:
    shop = shops.get(hold.etsy_account_id)
    return Alarm(
        f"{shop.label if shop else hold.etsy_account_id} is held: {hold.message}",
        f"{_ON_PAGE.get(hold.code) or what_to_do(hold)} Until then nothing of it is approved or published.",
        hold.etsy_account_id,
        hold.code if hold.code in TAKEN_OVER else "",
        connects=hold.code == "shop_replaced",
    )


def _connections(shops: Iterable[EtsyAccount]) -> Iterator[Alarm]:
    now = datetime.now(UTC)
    for shop in shops:
        if connection_of(shop, now).state == "needs consent":
            yield Alarm(
                f"Etsy refuses the connection of {shop.label}.",
                "Connect it again; listings and settings stay.",
                shop.id,
                connects=True,
            )


def _ago(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
