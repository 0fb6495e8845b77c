"""A connected shop, plans for it and their approval, drawn up without Etsy and Dagster."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.store import accounts
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline_tests.builders import a_product, known, validated
from etsy_pipeline_tests.looked import looking

NO_TAXONOMY = Verdict("no_taxonomy", "error", "taxonomy_id", "It has no category.")


def connected(store: Store, shop_id: int = 7) -> EtsyAccount:
    """An account that holds a shop."""
    account = configure.add(store, "Shop")
    with store.writing() as session:
        return accounts.change(session, account.id, shop_id=shop_id, currency_code="USD", is_active=True)


def nothing_live(listing_ids: Sequence[int]) -> Mapping[int, LiveListing]:
    """An Etsy that tells nothing of its listings."""
    del listing_ids
    return {}


def planned(store: Store, account: EtsyAccount, count: int = 2, **changes: Any) -> EtsySyncJob:
    """A plan of so many new products, by a run of its own."""
    found = [validated(a_product(id=f"prod_{number}")) for number in range(count)]
    values: dict[str, Any] = {
        "account_id": account.id, "transaction_id": None, "trigger": "ui", "validated": found,
        "identified": known(_again(changes.get("validated", found), found)), "live_of": nothing_live, "look_through": looking(store, account.id),
        "covers_selection": True, "amount_unit": "major", "run_id": f"run_{secrets.token_hex(4)}",
    }  # fmt: skip
    return build_plan(store, **(values | changes))


def _again(given: Iterable[ValidatedListing], usual: Sequence[ValidatedListing]) -> Sequence[ValidatedListing]:
    """Products that can be looked at twice: those that are given, or the usual ones where they can be had once only."""
    return given if isinstance(given, Sequence) else usual


def absent(product_id: str) -> ValidatedListing:
    """A product that is not for sale."""
    return ValidatedListing(product_id, "Mug", None, absent_because="not published in Medusa")


def invalid(product_id: str) -> ValidatedListing:
    """A product that breaks a rule."""
    return ValidatedListing(product_id, "Mug", None, (NO_TAXONOMY,))


def approve(store: Store, job: EtsySyncJob, **changes: Any) -> EtsySyncJob:
    """Approve a plan in Ada's name."""
    values: dict[str, Any] = {"decided_by": "Ada", "through": "cli", "amount_unit": "major"}
    return approvals.approve(store, job.transaction_id, **(values | changes))


def code_of(act: Callable[[], object]) -> str:
    """The code of the error that an act ends with."""
    with pytest.raises(PipelineError) as caught:
        act()
    assert caught.value.hint, "every refusal says what to do"
    return caught.value.code
