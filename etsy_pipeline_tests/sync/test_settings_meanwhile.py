"""A shop's settings may change while a plan waits: only those that shape what is sent make it stale."""

from typing import Any

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.listings.plan_settings import ApprovalPolicy, BrakeLimits
from etsy_pipeline.listings.shop_settings import ShopSettings
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.accounts import KIND, SHAPES_NO_LISTING, fingerprint
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import digest_of_stored_plan
from etsy_pipeline_tests.sync.planned import approve, code_of, connected, planned

HARMLESS: list[dict[str, Any]] = [
    {"schedule_enabled": True},
    {"approval": {"auto_approve": True, "most_products": 3}},
    {"brakes": {"fees_usd": 1}},
    {"check_live": False},
    {"image_check": "content"},
    {"deactivate_removed": False},
    {"on_conflict": "keep"},
    {"broken_images": "warn"},
    {"same_refusal_limit": 3},
]
SHAPING: list[dict[str, Any]] = [
    {"price": {"markup_percent": 10}},
    {"quantity": {"buffer": 1}},
    {"title_template": "{title}!"},
    {"ownership": {"title": "create_only"}},
    {"selection": {"collection_ids": ["pcol_1"]}},
    {"publish_as": "draft"},
    {"shipping_profile": 99},
]


@pytest.fixture
def account(store: Store) -> EtsyAccount:
    return connected(store)


def in_the_old_way(store: Store, account: EtsyAccount, job: EtsySyncJob) -> EtsySyncJob:
    """The plan as the version before wrote it down."""
    with store.writing() as session:
        account = accounts.get(session, account.id)
        jobs.change(session, job.transaction_id, shop_fingerprint=fingerprint(account, "major", like=""))
        job = jobs.get(session, job.transaction_id)
        digest = digest_of_stored_plan(session, account, job, "major")
        jobs.change(session, job.transaction_id, plan_digest=digest)
        return jobs.get(session, job.transaction_id)


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: next(iter(change)))
def test_what_shapes_no_listing_leaves_a_plan_as_it_is(
    store: Store, account: EtsyAccount, change: dict[str, Any]
) -> None:
    job = planned(store, account)
    configure.configure(store, account.id, change)
    assert approve(store, job).state is SyncState.CONFIRMED


@pytest.mark.parametrize("change", SHAPING, ids=lambda change: next(iter(change)))
def test_what_shapes_a_listing_makes_it_stale(store: Store, account: EtsyAccount, change: dict[str, Any]) -> None:
    job = planned(store, account)
    configure.configure(store, account.id, change)
    assert code_of(lambda: approve(store, job)) == "plan_stale"


def test_a_setting_that_is_new_makes_no_plan_stale(
    store: Store, account: EtsyAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of either kind: the next version has a setting more, of the shop and of its brakes, at its default."""
    first = planned(store, account)
    second = in_the_old_way(store, account, planned(store, account))

    class NextBrakes(BrakeLimits):
        another: int = 3

    class NextSettings(ShopSettings):
        brakes: NextBrakes = NextBrakes()
        another_look: str = "bright"

    monkeypatch.setattr(accounts, "settings_of", lambda account: NextSettings.model_validate(account.api_config))
    with store.reading() as session:
        for job in (first, second):
            assert digest_of_stored_plan(session, account, job, "major") == job.plan_digest
    assert approve(store, second).state is SyncState.CONFIRMED


@pytest.mark.parametrize("change", [HARMLESS[0], SHAPING[0]], ids=["harmless", "shaping"])
def test_a_plan_of_the_version_before_is_stale_by_its_own_rules(
    store: Store, account: EtsyAccount, change: dict[str, Any]
) -> None:
    job = in_the_old_way(store, account, planned(store, account))
    assert not (job.shop_fingerprint or "").startswith(KIND)
    configure.configure(store, account.id, change)
    assert code_of(lambda: approve(store, job)) == "plan_stale"


def test_each_setting_that_shapes_no_listing_is_one() -> None:
    assert set(ShopSettings.model_fields) >= SHAPES_NO_LISTING


@pytest.mark.parametrize("change", [{"approval": {"auto_approve": False}}, {"brakes": {"price_change_percent": 1}}])
def test_no_policy_approves_by_limits_that_are_other_ones_by_now(
    store: Store, account: EtsyAccount, change: dict[str, Any]
) -> None:
    configure.configure(store, account.id, {"approval": ApprovalPolicy(auto_approve=True).model_dump(mode="json")})
    job = planned(store, account)
    with store.writing() as session:  # as if the policy had nothing against it
        totals: dict[str, Any] = job.totals.as_dict() | {"for_a_person": [], "policy": job.policy}
        jobs.change(session, job.transaction_id, totals=totals)
    configure.configure(store, account.id, change)

    def by_policy() -> EtsySyncJob:
        return approvals.approve_by_policy(store, job.transaction_id, amount_unit="major")

    assert code_of(by_policy) == "approval_needs_person"
    assert approve(store, job).state is SyncState.CONFIRMED, "a person may"
