"""Why products of a plan are not ready, told once for all of them, with what mends many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from etsy_pipeline.api.review.words import reason
from etsy_pipeline.listings.remedies import OF_THE_SHOP, REMEDIES
from etsy_pipeline.listings.rules import RULES
from etsy_pipeline.store.accounts import settings_of
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob, SyncItem

MOST_EXAMPLES = 3
_UNSCANNED = "Nobody has looked through the shop lately, so nothing is created: it could be there already."
_MAY_EXIST = "Nothing is created twice: say for each whether it is the listing that is there."


@dataclass(frozen=True, slots=True)
class Cause:
    """What the whole shop lacks. `href` leads to where it is mended, with the words of its button."""

    code: str
    count: int
    told: str
    hint: str
    button: str = ""
    href: str = ""
    is_mended: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Products that cannot be published for the same reason; the hint is the same for all of them."""

    code: str
    count: int
    words: str
    hint: str
    examples: Sequence[SyncItem]
    button: str = ""
    href: str = ""


def setting_address(account_id: str, setting: str, value: str | None = None) -> str:
    """Where a setting of a shop is changed; the form has the value that helps filled in."""
    query = {"setting": setting} | ({"value": value} if value is not None else {})
    return f"/setup/shops/{account_id}/settings?{urlencode(query)}"


def causes(job: EtsySyncJob, account: EtsyAccount) -> Sequence[Cause]:
    """What the whole shop lacked when the plan was drawn up, with whether it has it now; most products first."""
    counts = _counts(job)
    return [_cause(account, code, counts[code]) for code in counts if code in OF_THE_SHOP]


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
        found.append(Group(code, count, reason(code), hint, examples, remedy.does if remedy else "", href))
    return found


def _counts(job: EtsySyncJob) -> dict[str, int]:
    found = [(code, count) for action, code, count in job.groups if action == "invalid" and count > 0]
    return dict(sorted(found, key=lambda group: (-group[1], group[0])))


def _cause(account: EtsyAccount, code: str, count: int) -> Cause:
    products = f"{count:,} products wait" if count != 1 else "1 product waits"
    told = f"{products} for {OF_THE_SHOP[code]}"
    remedy = REMEDIES.get(code)
    if code == "listing_may_exist":
        may_exist = f"{count:,} products may be on Etsy already" if count != 1 else "1 product may be on Etsy already"
        candidates = f"/review/accounts/{account.id}/candidates"
        return Cause(code, count, may_exist, _MAY_EXIST, "Decide which they are", candidates)
    if remedy is None:
        hint = f"{_UNSCANNED} Run `etsy-pipeline shop scan {account.id}`, then sync again."
        return Cause(code, count, told, hint)
    if _is_set(account, remedy.setting):
        return Cause(code, count, told, "It is chosen by now: sync again.", is_mended=True)
    href = setting_address(account.id, remedy.setting)
    return Cause(code, count, told, "It is chosen once for the shop. Then sync again.", remedy.does, href)


def _is_set(account: EtsyAccount, setting: str) -> bool:
    return getattr(settings_of(account), setting) is not None


def _codes(item: SyncItem) -> set[str]:
    errors = {verdict.code for verdict in item.plan.verdicts if verdict.severity == "error"}
    return errors or {item.plan.error_code}


def _hint(examples: Sequence[SyncItem]) -> str:
    hints = (verdict.hint for item in examples for verdict in item.plan.verdicts if verdict.severity == "error")
    return next(hints, "")
