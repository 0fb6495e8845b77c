"""A confirmation that comes before the plan: noted, applied to a plan without surprises, and else told."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from etsy_pipeline.accounts import configure
from etsy_pipeline.listings.codec import listing_to_json
from etsy_pipeline.listings.listing import Inventory, Offering
from etsy_pipeline.listings.verdict import ValidatedListing
from etsy_pipeline.notifications.receivers import Receiver
from etsy_pipeline.planning.link import LiveListing
from etsy_pipeline.store import jobs, links, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import Approval, EtsyAccount, EtsySyncJob
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import approvals, queries, views
from etsy_pipeline.sync.build_plan import begin_plan
from etsy_pipeline.sync.notify import send_what_is_due
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.builders import a_listing, a_product, a_validated_listing, validated
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.planning.published import PUBLISHED
from etsy_pipeline_tests.sync.planned import absent, approve, code_of, connected, planned


def asked(store: Store, account: EtsyAccount, *product_ids: str) -> EtsySyncJob:
    """A sync of these products, or of the whole selection, that has no plan yet."""
    return request_sync(store, account.id, product_ids=product_ids or None, trigger="api")


def confirmed_early(store: Store, account: EtsyAccount, *product_ids: str, **changes: Any) -> EtsySyncJob:
    """A sync that Ada confirmed before its plan."""
    return approve(store, asked(store, account, *product_ids), **changes)


def of(store: Store, job: EtsySyncJob) -> dict[str, Any]:
    """What programs are told of the early confirmation of a sync."""
    told: dict[str, Any] = views.job_view(queries.job(store, job.transaction_id), queries.early_confirms(store, [job]))[
        "early_confirm"
    ]
    return told


def decisions(store: Store, job: EtsySyncJob) -> list[Approval]:
    """All decisions on a sync, the oldest first."""
    with store.reading() as session:
        return jobs.approvals_of(session, [job.transaction_id]).get(job.transaction_id, [])


def on_etsy(store: Store, account: EtsyAccount, product_id: str = "prod_0") -> None:
    """The product was published as `PUBLISHED`."""
    values = {"sync_status": "synced", "etsy_listing_id": 42, "listing_state": "active", "wanted_state": "active"}
    now = datetime.now(UTC)
    with store.writing() as session:
        progress.set_link(session, account.id, product_id, updated_at=now, **values)
        progress.set_synced(
            session,
            account.id,
            [{"of_product": product_id, "state": "active", "desired": listing_to_json(PUBLISHED)}],
            now,
        )


def at_price(price: str) -> ValidatedListing:
    """The mug at another price."""
    inventory = Inventory((Offering("MUG-1", (), Decimal(price), 10),))
    return a_validated_listing(product_id="prod_0", listing=replace(PUBLISHED, inventory=inventory))


def test_it_is_noted_and_applied_to_a_plan_without_surprises(store: Store) -> None:
    account = connected(store)
    job = confirmed_early(store, account, "prod_0", "prod_1", note="go", excluded_products=["prod_1"])
    assert (job.state, job.confirmed_at) == (SyncState.REQUESTED, None)
    assert of(store, job) | {"decided_at": ""} == {
        "decided_by": "Ada", "decided_at": "", "applied": None, "reasons": [],
    }  # fmt: skip
    done = planned(store, account, transaction_id=job.transaction_id, covers_selection=False)
    assert (done.state, queries.job(store, job.transaction_id).state) == (SyncState.CONFIRMED, SyncState.CONFIRMED)
    assert done.confirmed_at is not None
    early, approved = decisions(store, job)
    assert (early.decision, early.plan_digest, early.note) == ("conditional", "", "go")
    assert (approved.decision, approved.plan_digest) == ("approved", done.plan_digest)
    assert (approved.decided_by, approved.decided_through) == ("Ada", "cli"), "in the same person's name"
    assert approved.excluded_products == ("prod_1",)
    assert approved.note.startswith("go Given before the plan, at 20")
    assert of(store, job)["applied"] is True
    assert done.for_a_person is not None
    assert "Ada confirmed it before the plan" in done.for_a_person


def test_one_that_comes_while_the_plan_is_drawn_up_counts_too(store: Store) -> None:
    account = connected(store)
    job = begin_plan(store, account_id=account.id, transaction_id=None, trigger="ui", run_id="run_1")

    def products() -> Any:
        yield validated(a_product(id="prod_0"))
        approve(store, job)

    assert planned(store, account, run_id="run_1", validated=products()).state is SyncState.CONFIRMED


@ON_SQLITE
def test_a_shop_may_refuse_it(store: Store) -> None:
    account = connected(store)
    configure.configure(store, account.id, {"early_confirm": "refuse"})
    job = asked(store, account)
    assert code_of(lambda: approve(store, job)) == "plan_not_ready"
    assert decisions(store, job) == []
    assert planned(store, account, transaction_id=job.transaction_id).state is SyncState.PLANNED


@ON_SQLITE
def test_what_it_cannot_be(store: Store) -> None:
    """Of a plan that was looked at; by a policy or in Dagster; without a name; twice; a rejection; of other products."""
    account = connected(store)
    job = asked(store, account, "prod_0")
    assert code_of(lambda: approve(store, job, reviewed_digest="0" * 64)) == "plan_not_ready"
    assert code_of(lambda: approve(store, job, planned_before=datetime.now(UTC))) == "plan_not_ready"
    assert code_of(lambda: approve(store, job, through="ui")) == "plan_not_ready"
    assert code_of(lambda: approve(store, job, decided_by=" ")) == "approver_missing"
    assert code_of(lambda: approve(store, job, excluded_products=["prod_x"])) == "product_not_in_plan"
    assert code_of(lambda: approvals.approve_by_policy(store, job.transaction_id, amount_unit="major")) == (
        "approval_needs_person"
    )
    assert decisions(store, job) == []
    approve(store, job)
    assert code_of(lambda: approve(store, job, decided_by="Bob")) == "already_decided"
    no = code_of(lambda: approvals.reject(store, job.transaction_id, decided_by="Bob", through="api"))
    assert no == "plan_not_ready"
    assert [found.decided_by for found in decisions(store, job)] == ["Ada"]


def test_it_can_be_taken_back_by_cancelling(store: Store) -> None:
    account = connected(store)
    job = confirmed_early(store, account)
    approvals.cancel(store, job.transaction_id)
    assert code_of(lambda: planned(store, account, transaction_id=job.transaction_id)) == "already_decided"
    assert queries.job(store, job.transaction_id).state is SyncState.CANCELLED
    assert of(store, job)["applied"] is None


def many(store: Store, account: EtsyAccount) -> dict[str, Any]:
    """A plan that takes three of four listings off: a brake of the whole plan."""
    for number in range(4):
        on_etsy(store, account, f"prod_{number}")
    return {"validated": [a_validated_listing(product_id="prod_0", listing=a_listing())], "covers_selection": True}


def dear(store: Store, account: EtsyAccount) -> dict[str, Any]:
    """A plan in which a price moves far: a brake of a product."""
    on_etsy(store, account)
    return {"validated": [at_price("59.98")], "covers_selection": False}


def edited(store: Store, account: EtsyAccount) -> dict[str, Any]:
    """A plan that changes what somebody changed on Etsy."""
    on_etsy(store, account)
    live = LiveListing(42, "active", {"title": "By hand"}, PUBLISHED.inventory)
    listing = replace(PUBLISHED, title="Another mug")
    found = [a_validated_listing(product_id="prod_0", listing=listing)]
    return {"validated": found, "covers_selection": False, "live_of": lambda _ids: {42: live}}


def costly(store: Store, account: EtsyAccount) -> dict[str, Any]:
    """A plan whose fees are above the shop's limit."""
    configure.configure(store, account.id, {"early_confirm_fees_usd": "0.30"})
    return {}


def other_products(_store: Store, _account: EtsyAccount) -> dict[str, Any]:
    """A plan in which there is no product to leave out."""
    return {"validated": [validated(a_product(id="prod_x"))]}


@pytest.mark.parametrize(
    ("surprise", "reasons"),
    [
        (many, ["missing from the catalogue", "3 of 4 listings on sale would be deactivated"]),
        (dear, ["prod_0: A price moves by +100 %"]),
        (edited, ["prod_0: title"]),
        (costly, ["Etsy's fees would be $0.40; early_confirm_fees_usd is $0.30."]),
        (other_products, ["To be left out, but not in the plan: prod_0."]),
    ],
)
def test_a_plan_with_a_surprise_waits_for_a_second_one(store: Store, surprise: Any, reasons: Sequence[str]) -> None:
    account = connected(store)
    configure.configure(store, account.id, {"approval.auto_approve": True})
    plan = surprise(store, account)
    job = confirmed_early(store, account, excluded_products=["prod_0"] if surprise is other_products else ())
    done = planned(store, account, transaction_id=job.transaction_id, **plan)
    assert (done.state, done.confirmed_at) == (SyncState.PLANNED, None)
    early, withheld = decisions(store, job)
    assert (early.decision, withheld.decision, withheld.plan_digest) == ("conditional", "withheld", done.plan_digest)
    told = of(store, job)
    assert (told["decided_by"], told["applied"]) == ("Ada", False)
    assert len(told["reasons"]) == len(reasons), told
    for found, words in zip(told["reasons"], reasons, strict=True):
        assert words in found
    policy = code_of(lambda: approvals.approve_by_policy(store, job.transaction_id, amount_unit="major"))
    assert policy == "approval_needs_person"
    assert approve(store, done, decided_by="Bob").state is SyncState.CONFIRMED, "the second one"
    assert [found.decision for found in decisions(store, job)] == ["conditional", "withheld", "approved"]
    assert of(store, job)["applied"] is False


def test_a_sale_on_etsy_is_no_surprise(store: Store) -> None:
    """Fewer pieces are left than we put there, as some were sold: that is what shops are for."""
    account = connected(store)
    on_etsy(store, account)
    sold = replace(PUBLISHED.inventory, offerings=(replace(PUBLISHED.inventory.offerings[0], quantity=8),))
    live = LiveListing(42, "active", {}, sold)
    listing = replace(PUBLISHED, title="Another mug")
    job = confirmed_early(store, account, "prod_0")
    done = planned(
        store, account, transaction_id=job.transaction_id, covers_selection=False,
        validated=[a_validated_listing(product_id="prod_0", listing=listing)], live_of=lambda _ids: {42: live},
    )  # fmt: skip
    (item,) = queries.plan_items(store, job.transaction_id)
    assert [conflict.outcome for conflict in item.plan.conflicts] == ["sold"]
    assert done.state is SyncState.CONFIRMED


def test_an_old_one_is_not_applied(store: Store) -> None:
    account = connected(store)
    job = confirmed_early(store, account)
    with store.writing() as session:
        session.execute(
            text("UPDATE approval SET created_at = :then"), {"then": str(datetime.now(UTC) - timedelta(hours=80))[:19]}
        )
    assert planned(store, account, transaction_id=job.transaction_id).state is SyncState.PLANNED
    assert of(store, job)["reasons"] == ["It was given more than 72 hours before (approval_expires_hours)."]


def test_a_shop_that_refuses_it_meanwhile_is_asked_again(store: Store) -> None:
    account = connected(store)
    job = confirmed_early(store, account)
    configure.configure(store, account.id, {"early_confirm": "refuse"})
    assert planned(store, account, transaction_id=job.transaction_id).state is SyncState.PLANNED
    assert "early_confirm" in of(store, job)["reasons"][0]


def test_where_there_is_nothing_to_do_it_is_not_applied_and_says_so(store: Store) -> None:
    account = connected(store)
    job = confirmed_early(store, account, "prod_0")
    done = planned(store, account, transaction_id=job.transaction_id, validated=[absent("prod_0")])
    assert done.state is SyncState.NOTHING_TO_DO
    assert (of(store, job)["applied"], of(store, job)["reasons"]) == (False, ["There is nothing to do on Etsy."])


def test_it_holds_for_the_first_plan_only(store: Store) -> None:
    """A plan that is drawn up again needs a confirmation of its own."""
    account = connected(store)
    configure.configure(store, account.id, {"early_confirm_fees_usd": 0})
    job = confirmed_early(store, account)
    planned(store, account, transaction_id=job.transaction_id, run_id="run_1")
    configure.configure(store, account.id, {"early_confirm_fees_usd": 20})
    begin_plan(store, account_id=account.id, transaction_id=job.transaction_id, trigger="ui", run_id="run_2")
    again = planned(store, account, transaction_id=job.transaction_id, run_id="run_2")
    assert again.state is SyncState.PLANNED
    begin_plan(store, account_id=account.id, transaction_id=job.transaction_id, trigger="ui", run_id="run_3")
    approve(store, job, decided_by="Bob")
    last = planned(store, account, transaction_id=job.transaction_id, run_id="run_3")
    assert last.state is SyncState.CONFIRMED
    assert (of(store, job)["decided_by"], of(store, job)["applied"]) == ("Bob", True)


def test_the_settings_of_it_make_no_plan_stale(store: Store) -> None:
    account = connected(store)
    job = planned(store, account)
    configure.configure(store, account.id, {"early_confirm": "refuse", "early_confirm_fees_usd": 1})
    assert approve(store, job).state is SyncState.CONFIRMED


def test_two_who_confirm_at_once_make_one_confirmation(store: Store) -> None:
    account = connected(store)
    job = asked(store, account)
    told: list[str] = []

    def confirm(name: str) -> None:
        try:
            told.append(approve(store, job, decided_by=name).state.value)
        except Exception as error:  # noqa: BLE001 - a thread's error would be lost
            told.append(str(getattr(error, "code", error)))

    people = [threading.Thread(target=confirm, args=(name,)) for name in ("Ada", "Bob", "Cyd")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(told) == ["already_decided", "already_decided", "requested"]
    assert len(decisions(store, job)) == 1


def test_a_notice_says_why_it_was_not_applied(store: Store) -> None:
    account = connected(store)
    job = confirmed_early(store, account)
    planned(store, account, transaction_id=job.transaction_id, **costly(store, account))
    sent: list[str] = []
    send_what_is_due(store, [Receiver("a")], lambda _receiver, notice: sent.append(notice.text))
    (told,) = sent
    assert "Ada confirmed it before the plan; that was not applied: Etsy's fees would be $0.40;" in told
    assert f"etsy-pipeline sync approve {job.transaction_id}" in told


def test_links_wait_until_it_is_published(store: Store) -> None:
    account = connected(store)
    job = confirmed_early(store, account, "prod_0", "prod_1")
    planned(store, account, transaction_id=job.transaction_id, covers_selection=False)
    with store.reading() as session:
        found = links.of_products(session, account.id, ["prod_0", "prod_1"])
    assert {link.sync_status for link in found.values()} == {"pending"}
