"""A connected shop and plans for the API's tests, drawn up without Etsy and Dagster."""

from datetime import UTC, datetime

from etsy_pipeline.store import accounts, items, jobs, progress
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline_tests.builders import a_product, validated
from etsy_pipeline_tests.sync.planned import connected, planned


def a_connected_account(store: Store, shop_id: int = 7) -> str:
    """An account that holds a shop."""
    account = connected(store, shop_id)
    with store.writing() as session:
        accounts.change(session, account.id, shop_name="Shop")
    return account.id


def draw_up(store: Store, transaction_id: str, count: int = 2) -> str:
    """Make the plan of a sync that was asked for, of so many products; its digest."""
    with store.reading() as session:
        account = accounts.get(session, jobs.get(session, transaction_id).etsy_account_id)
    job = planned(store, account, count, transaction_id=transaction_id, covers_selection=False)
    return job.plan_digest or ""


def find_nothing(store: Store, transaction_id: str, *, invalid: bool = False) -> None:
    """Make a plan that sends nothing: of a product that is no more than a draft, and of an invalid one, if wanted."""
    with store.reading() as session:
        account = accounts.get(session, jobs.get(session, transaction_id).etsy_account_id)
    products = [a_product(id="prod_0", status="draft"), *([a_product(id="prod_1", title="")] if invalid else [])]
    found = map(validated, products)
    planned(store, account, transaction_id=transaction_id, validated=found, covers_selection=False)


def wait_for_a_person(store: Store, transaction_id: str) -> None:
    """Have a plan approved, and stopped by a publisher because the same was refused again and again."""
    with store.writing() as session:
        lifecycle.try_move(session, transaction_id, Event.APPROVE, who="person")
        lifecycle.try_move(session, transaction_id, Event.BEGIN_PUBLICATION, who="publisher")
        told = {"job": "10 products in a row were refused for the same reason. [same_refusal]"}
        lifecycle.move(session, jobs.get(session, transaction_id), Event.PAUSE, who="publisher", error_log=told)


def publish(store: Store, transaction_id: str, *, failed: tuple[str, ...] = ()) -> None:
    """Have a plan approved and published, as a publisher writes it."""
    now = datetime.now(UTC)
    with store.writing() as session:
        lifecycle.try_move(session, transaction_id, Event.APPROVE, who="person")
        job = lifecycle.move(session, jobs.get(session, transaction_id), Event.BEGIN_PUBLICATION, who="publisher")
        fine = [product_id for product_id in items.product_ids(session, job.id) if product_id not in failed]
        progress.finish_items(session, job.id, fine, "synced", now)
        if failed:
            progress.finish_items(session, job.id, failed, "failed", now)
            progress.set_items(session, job.id, failed, error_code="refused", error_message="Etsy refused it.")
        end = Event.COMPLETE_WITH_ERRORS if failed else Event.COMPLETE
        counts = jobs.counts_of(items.outcomes(session, job.id))
        lifecycle.move(session, job, end, who="publisher", **counts, error_log=items.errors(session, job.id))
