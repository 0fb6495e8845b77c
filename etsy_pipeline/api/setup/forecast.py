"""How many products can be listed, why the others cannot, and what a setting would change: on the catalogue as it is.

Reading a catalogue takes a while, so it happens beside the pages, and they tell how far it has come. Nothing is stored:
after a change of settings the same products are judged again, after some minutes they are read anew.
"""

import itertools
import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from etsy_pipeline import wiring
from etsy_pipeline.accounts.configure import mark_of, value_of, with_changes
from etsy_pipeline.api.context import AppContext
from etsy_pipeline.catalogue.product import MalformedProduct, Product
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.listings.remedies import REMEDIES, STEPS
from etsy_pipeline.listings.shop import Shop
from etsy_pipeline.listings.shop_settings import ShopSettings, parse_settings
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.store import accounts
from etsy_pipeline.store.records import EtsyAccount
from etsy_pipeline.sync.product_listings import ProductListings, shop_reader

MOST = 5000  # products that are looked at
REASONS = 3
EXAMPLES = 3
KEPT_SECONDS = 600.0
UNREADABLE = "product_malformed"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Example:
    """A product that a setting would help, and in words what would be done with it."""

    title: str
    told: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why products cannot be listed. `changes` is the setting that would help `helped` of them, where there is one.

    `chosen` names the step in which something has to be chosen for all of them.
    """

    code: str
    message: str
    hint: str
    count: int
    titles: Sequence[str]
    chosen: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    helped: int = 0
    examples: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of the products that were looked at."""

    looked_at: int
    total: int
    valid: int
    absent: int
    invalid: int
    reasons: Sequence[Reason]
    other_reasons: int
    not_checked: Sequence[str] = ()


@dataclass(slots=True)
class Look:
    """One look at a shop's catalogue: how far it has come, or what stopped it."""

    mark: str
    of_catalogue: str
    began: float
    read: int = 0
    total: int = 0
    forecast: Forecast | None = None
    problem: PipelineError | None = None
    products: list[Product] = field(default_factory=list)
    malformed: list[MalformedProduct] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes."""
        return self.forecast is not None or self.problem is not None


class Forecasts:
    """A look for each shop that is asked about; one thread each, for as long as it looks."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._looks: dict[str, Look] = {}
        self._lock = threading.Lock()

    def of(self, account_id: str, *, anew: bool = False) -> Look:
        """How the look at a shop stands; it begins with the first question, and again when settings changed.

        Raises:
            NotFound: `account_not_found`.
        """
        with self._context.store.reading() as session:
            account = accounts.get(session, account_id)
        settings = accounts.settings_of(account)
        catalogue = f"{self._context.settings.medusa_url} {settings.selection!r} {settings.stock_locations!r}"
        mark = f"{mark_of(account)} {self._context.settings.medusa_amount_unit}"
        with self._lock:
            known = self._looks.get(account_id)
            if known and not anew and (known.mark, known.of_catalogue) == (mark, catalogue) and self._is_fresh(known):
                return known
            look = Look(mark, catalogue, time.monotonic())
            if known and not anew and known.of_catalogue == catalogue and self._is_fresh(known) and known.forecast:
                look.products, look.malformed, look.total = known.products, known.malformed, known.total
                look.read, look.began = known.read, known.began
            self._looks[account_id] = look
        threading.Thread(target=self._run, args=(look, account, settings), daemon=True).start()
        return look

    def _is_fresh(self, look: Look) -> bool:
        return not look.is_over or (look.problem is None and time.monotonic() - look.began < KEPT_SECONDS)

    def _run(self, look: Look, account: EtsyAccount, settings: ShopSettings) -> None:
        try:
            if not look.read:
                self._read(look, settings)
            with closing(self._context.shop_client(account.id)) as client:
                troubles: list[str] = []
                reader = shop_reader(client, account, self._context.settings.medusa()[2], troubles.append)
                shop = ProductListings(settings, lambda: reader).shop_for(look.products)
            look.forecast = forecast(look, account, settings, shop, troubles)
        except PipelineError as error:
            look.problem = error
        except Exception as error:
            logger.exception("forecast_failed")
            look.problem = PipelineError(
                f"It could not be looked at ({type(error).__name__}).", code="unexpected_error"
            )

    def _read(self, look: Look, settings: ShopSettings) -> None:
        with closing(wiring.catalogue_of(self._context.settings, someone_waits=True)) as catalogue:
            for page in catalogue.pages(settings.selection, settings.sold_from, datetime.now(UTC)):
                look.products += page.products
                look.malformed += page.malformed
                look.read, look.total = len(look.products) + len(look.malformed), page.total
                if look.read >= MOST:
                    break


def forecast(
    look: Look, account: EtsyAccount, settings: ShopSettings, shop: Shop, not_checked: Sequence[str] = ()
) -> Forecast:
    """What becomes of the products of a look, and what would with other settings."""
    judged = [(product, validate(product, settings, shop)) for product in look.products]
    found = [listing for _, listing in judged]
    refused = [(product, listing) for product, listing in judged if listing.errors]
    counts = Counter(code for _, listing in refused for code in {item.code for item in listing.errors})
    if look.malformed:
        counts[UNREADABLE] = len(look.malformed)
    biggest = counts.most_common(REASONS)
    return Forecast(
        looked_at=look.read,
        total=max(look.total, look.read),
        valid=sum(not item.errors and not item.absent_because for item in found),
        absent=sum(not item.errors and bool(item.absent_because) for item in found),
        invalid=len(refused) + len(look.malformed),
        reasons=[_reason(code, count, look, refused, account, shop) for code, count in biggest],
        other_reasons=len(counts) - len(biggest),
        not_checked=not_checked,
    )


def changes_for(code: str) -> Mapping[str, Any]:
    """The setting that helps with a reason, as `configure` takes it; nothing where no setting does by itself."""
    remedy = REMEDIES.get(code)
    return {remedy.setting: value_of(remedy.value)} if remedy and remedy.value is not None else {}


def _reason(
    code: str,
    count: int,
    look: Look,
    refused: Sequence[tuple[Product, ValidatedListing]],
    account: EtsyAccount,
    shop: Shop,
) -> Reason:
    if code == UNREADABLE:
        problem, ids = look.malformed[0], [item.product_id for item in look.malformed]
        return Reason(code, problem.message, problem.hint, count, ids[:EXAMPLES])
    concerned = [(product, listing) for product, listing in refused if code in {item.code for item in listing.errors}]
    first = next(item for item in concerned[0][1].errors if item.code == code)
    titles = [product.title or product.id for product, _ in itertools.islice(concerned, EXAMPLES)]
    remedy = REMEDIES.get(code)
    told = Reason(code, first.message, first.hint, count, titles, STEPS.get(remedy.setting, "") if remedy else "")
    return _with_preview(told, concerned, account, shop) if changes_for(code) else told


def _with_preview(
    reason: Reason, concerned: Sequence[tuple[Product, ValidatedListing]], account: EtsyAccount, shop: Shop
) -> Reason:
    """What the setting would change is found out by doing it: the products are judged with it."""
    changes = changes_for(reason.code)
    changed = parse_settings(with_changes(account.api_config, changes))
    helped, examples = 0, list[Example]()
    for product, before in concerned:
        after = validate(product, changed, shop)
        if after.errors:
            continue
        helped += 1
        known = {item.message for item in before.verdicts}
        new = [item.message for item in after.warnings if item.message not in known]
        if len(examples) < EXAMPLES:
            examples.append(Example(product.title or product.id, new or ["It is listed as it is."]))
    return Reason(
        reason.code, reason.message, reason.hint, reason.count, reason.titles, reason.chosen, changes, helped, examples
    )
