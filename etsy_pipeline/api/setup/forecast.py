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
from dataclasses import dataclass, field, replace
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
from etsy_pipeline.sync.kept_references import KeptReferences
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

    `chosen` names the step in which something has to be chosen for all of them. `alone` of them have no other reason.
    `is_told`: it was found out what the setting would change, which takes a while for many products.
    """

    code: str
    message: str
    hint: str
    count: int
    titles: Sequence[str]
    chosen: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    alone: int = 0
    is_told: bool = False
    helped: int = 0
    examples: Sequence[Example] = ()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of the products that were looked at. `reasons` are all, the biggest first."""

    looked_at: int
    total: int
    valid: int
    absent: int
    invalid: int
    reasons: Sequence[Reason]
    judge: "Judge"
    not_checked: Sequence[str] = ()

    def shown(self, opened: str = "") -> Sequence[Reason]:
        """The reasons as a page shows them: the biggest told in full, and the one that was `opened`."""
        return [
            self.judge.told(reason) if number < REASONS or reason.code == opened else reason
            for number, reason in enumerate(self.reasons)
        ]


@dataclass(slots=True)
class Look:
    """One look at a shop's catalogue: how far it has come, or what stopped it; `before` stopped the one before."""

    mark: str
    of_catalogue: str
    began: float
    read: int = 0
    total: int = 0
    forecast: Forecast | None = None
    problem: PipelineError | None = None
    products: list[Product] = field(default_factory=list)
    malformed: list[MalformedProduct] = field(default_factory=list)
    before: PipelineError | None = None
    ended: threading.Event = field(default_factory=threading.Event)

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
            look.before = known.problem if known and known.of_catalogue == catalogue else None
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
                anew = KeptReferences(self._context.store, client, may_be_kept=False)
                reader = shop_reader(anew, account, self._context.settings.medusa()[2], troubles.append)
                shop = ProductListings(settings, lambda: reader).shop_for(look.products)
            look.forecast = forecast(look, account, settings, shop, troubles)
        except PipelineError as error:
            look.problem = error
        except Exception as error:
            logger.exception("forecast_failed")
            look.problem = PipelineError(
                f"It could not be looked at ({type(error).__name__}).", code="unexpected_error"
            )
        finally:
            look.ended.set()

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
    """What becomes of the products of a look."""
    judged = [(product, validate(product, settings, shop)) for product in look.products]
    wanted = [(product, listing) for product, listing in judged if not listing.absent_because]  # as a plan counts
    judge = Judge([(product, listing) for product, listing in wanted if listing.errors], look.malformed, account, shop)
    return Forecast(
        looked_at=look.read,
        total=max(look.total, look.read),
        valid=len(wanted) - len(judge.refused),
        absent=len(judged) - len(wanted),
        invalid=len(judge.refused) + len(look.malformed),
        reasons=judge.reasons(),
        judge=judge,
        not_checked=not_checked,
    )


def changes_for(code: str) -> Mapping[str, Any]:
    """The setting that helps with a reason, as `configure` takes it; nothing where no setting does by itself."""
    remedy = REMEDIES.get(code)
    return {remedy.setting: value_of(remedy.value)} if remedy and remedy.value is not None else {}


class Judge:
    """Why products were refused, and what would become of them with other settings."""

    def __init__(
        self,
        refused: Sequence[tuple[Product, ValidatedListing]],
        malformed: Sequence[MalformedProduct],
        account: EtsyAccount,
        shop: Shop,
    ) -> None:
        self.refused = refused
        self._malformed, self._account, self.shop = malformed, account, shop
        self._told: dict[str, Reason] = {}

    def reasons(self) -> Sequence[Reason]:
        """All of them, the biggest first."""
        counts = Counter(code for _, listing in self.refused for code in codes_of(listing))
        if self._malformed:
            counts[UNREADABLE] = len(self._malformed)
        return [self._reason(code, count) for code, count in counts.most_common()]

    def told(self, reason: Reason) -> Reason:
        """A reason with what its setting would change, found out once, by doing it: products are judged anew."""
        if not reason.changes:
            return reason
        if reason.code not in self._told:
            self._told[reason.code] = self._with_preview(reason)
        return self._told[reason.code]

    def _reason(self, code: str, count: int) -> Reason:
        if code == UNREADABLE:
            problem, ids = self._malformed[0], [item.product_id for item in self._malformed]
            return Reason(code, problem.message, problem.hint, count, ids[:EXAMPLES])
        concerned = self._concerned(code)
        first = next(item for item in concerned[0][1].errors if item.code == code)
        titles = [product.title or product.id for product, _ in itertools.islice(concerned, EXAMPLES)]
        remedy = REMEDIES.get(code)
        return Reason(
            code,
            first.message,
            first.hint,
            count,
            titles,
            chosen=STEPS.get(remedy.setting, "") if remedy else "",
            changes=changes_for(code),
            alone=sum(codes_of(listing) == {code} for _, listing in concerned),
        )

    def _with_preview(self, reason: Reason) -> Reason:
        changed = parse_settings(with_changes(self._account.api_config, reason.changes))
        helped, examples = 0, list[Example]()
        for product, before in self._concerned(reason.code):
            after = validate(product, changed, self.shop)
            if after.errors:
                continue
            helped += 1
            known = {item.message for item in before.verdicts}
            new = [item.message for item in after.warnings if item.message not in known]
            if len(examples) < EXAMPLES:
                examples.append(Example(product.title or product.id, new or ["It is listed as it is."]))
        return replace(reason, is_told=True, helped=helped, examples=examples)

    def _concerned(self, code: str) -> Sequence[tuple[Product, ValidatedListing]]:
        return [(product, listing) for product, listing in self.refused if code in codes_of(listing)]


def codes_of(listing: ValidatedListing) -> set[str]:
    """The rules for which a product is refused."""
    return {item.code for item in listing.errors}
