"""Why products of a plan are not ready, told once for all of them, with what mends many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from etsy_pipeline.api.review.words import reason
from etsy_pipeline.listings.remedies import OF_THE_SHOP, REMEDIES
from etsy_pipeline.listings.rules import RULES
from etsy_pipeline.shop.scan_views import is_awaited, standing
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, ShopScan, SyncItem

MOST_EXAMPLES = 3
_UNSCANNED = "Nobody has looked through the shop lately, so nothing is created: it could be there already."
_LOOKED = "The shop was looked through meanwhile: sync again."
_MAY_EXIST = "Nothing is created twice: say for each whether it is the listing that is there."


@dataclass(frozen=True, slots=True)
class Cause:
    """What the whole shop lacks. `href` leads to where it is mended, with the words of its button.

    `scans`: a look through the shop helps, and can be asked for; `is_awaited`: one was asked for, and is not over.
    """

    code: str
    count: int
    told: str
    hint: str
    button: str = ""
    href: str = ""
    is_mended: bool = False
    scans: bool = False
    is_awaited: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Products that cannot be published for the same reason; the hint is the same for all of them.

    `href` leads to the setting that helps, `preview` to what it would change with the catalogue as it is now.
    """

    code: str
    count: int
    words: str
    hint: str
    examples: Sequence[SyncItem]
    button: str = ""
    href: str = ""
    preview: str = ""


def setting_address(account_id: str, setting: str, value: str | None = None) -> str:
    """Where a setting of a shop is changed; the form has the value that helps filled in."""
    query = {"setting": setting} | ({"value": value} if value is not None else {})
    return f"/setup/shops/{account_id}/settings?{urlencode(query)}"


def preview_address(account_id: str, code: str) -> str:
    """Where it is told what the setting that helps with a reason would change."""
    return f"/setup/shops/{account_id}/forecast?{urlencode({'reason': code})}#{code}"


def causes(job: EtsySyncJob, account: EtsyAccount, scans: Sequence[ShopScan] = ()) -> Sequence[Cause]:
    """What the whole shop lacked when the plan was drawn up, with whether it has it now; most products first.

    Args:
        job: a sync with a plan.
        account: its shop.
        scans: the last looks through the shop, the newest first.
    """
    counts = _counts(job)
    return [
        _unscanned(job, counts[code], scans) if code == "shop_not_scanned" else _cause(account, code, counts[code])
        for code in counts
        if code in OF_THE_SHOP
    ]


def groups(job: EtsySyncJob, account: EtsyAccount, items: Sequence[SyncItem]) -> Sequence[Group]:
    """The reasons that are of products, most products first; a few of the given items stand for each."""
    found = []
    for code, count in _counts(job).items():
        if code in OF_THE_SHOP:
            continue
        examples = [item for item in items if code in _codes(item)][:MOST_EXAMPLES]
        remedy, rule = REMEDIES.get(code), RULES.get(code)
        href = setting_address(account.id, remedy.setting, remedy.value) if remedy else ""
        hint = rule.hint if rule else _hint(examples)
        preview = preview_address(account.id, code) if remedy and remedy.value is not None else ""
        found.append(Group(code, count, reason(code), hint, examples, remedy.does if remedy else "", href, preview))
    return found


def _counts(job: EtsySyncJob) -> dict[str, int]:
    found = [(code, count) for action, code, count in job.groups if action == "invalid" and count > 0]
    return dict(sorted(found, key=lambda group: (-group[1], group[0])))


def _cause(account: EtsyAccount, code: str, count: int) -> Cause:
    if code == "listing_may_exist":
        may_exist = f"{count:,} products may be on Etsy already" if count != 1 else "1 product may be on Etsy already"
        candidates = f"/review/accounts/{account.id}/candidates"
        return Cause(code, count, may_exist, _MAY_EXIST, "Decide which they are", candidates)
    told, remedy = _waiting(code, count), REMEDIES[code]
    if _is_set(account, remedy.setting):
        return Cause(code, count, told, "It is chosen by now: sync again.", is_mended=True)
    href = setting_address(account.id, remedy.setting)
    return Cause(code, count, told, "It is chosen once for the shop. Then sync again.", remedy.does, href)


def _unscanned(job: EtsySyncJob, count: int, scans: Sequence[ShopScan]) -> Cause:
    code, told = "shop_not_scanned", _waiting("shop_not_scanned", count)
    last, now = next(iter(scans), None), datetime.now(UTC)
    if last and is_awaited(last, now):
        return Cause(code, count, told, standing(last, now), scans=True, is_awaited=True)
    if any(scan.finished_at and job.planned_at and scan.finished_at >= job.planned_at for scan in scans):
        return Cause(code, count, told, _LOOKED, is_mended=True)
    failed = f" {standing(last, now)}" if last and last.finished_at is None else ""
    return Cause(code, count, told, f"{_UNSCANNED}{failed}", scans=True)


def _waiting(code: str, count: int) -> str:
    products = f"{count:,} products wait" if count != 1 else "1 product waits"
    return f"{products} for {OF_THE_SHOP[code]}"


def _is_set(account: EtsyAccount, setting: str) -> bool:
    return getattr(settings_of(account), setting) is not None


def _codes(item: SyncItem) -> set[str]:
    errors = {verdict.code for verdict in item.plan.verdicts if verdict.severity == "error"}
    return errors or {item.plan.error_code}


def _hint(examples: Sequence[SyncItem]) -> str:
    hints = (verdict.hint for item in examples for verdict in item.plan.verdicts if verdict.severity == "error")
    return next(hints, "")
