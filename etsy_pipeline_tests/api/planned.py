"""A connected shop and plans for the API's tests, drawn up without Etsy and Dagster."""

from etsy_pipeline.accounts import configure
from etsy_pipeline.store import accounts, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline_tests.builders import a_product, validated


def a_connected_account(store: Store, shop_id: int = 7) -> str:
    """An account that holds a shop."""
    account = configure.add(store, "Shop")
    with store.writing() as session:
        row = accounts.get(session, account.id, lock=True)
        row.shop_id, row.shop_name, row.currency_code, row.is_active = shop_id, "Shop", "USD", True
    return account.id


def draw_up(store: Store, transaction_id: str, count: int = 2) -> str:
    """Make the plan of a sync that was asked for, of so many products; its digest."""
    with store.reading() as session:
        account_id = jobs.get(session, transaction_id).etsy_account_id
    job = build_plan(
        store,
        account_id=account_id,
        transaction_id=transaction_id,
        trigger="api",
        validated=(validated(a_product(id=f"prod_{number}")) for number in range(count)),
        covers_selection=False,
        amount_unit="major",
        snapshot_ref="ref",
        run_id="run_1",
    )
    return job.plan_digest or ""


def publish(store: Store, transaction_id: str, *, failed: tuple[str, ...] = ()) -> None:
    """Have a publication's end on the job, as the journal writes it."""
    with store.writing() as session:
        job = jobs.get(session, transaction_id, lock=True)
        for item in list(jobs.items(session, job.id)):
            item.outcome = "failed" if item.product_id in failed else "synced"
        job.status, job.failed_count = "completed", len(failed)
        job.error_log = dict.fromkeys(failed, "Etsy refused it.")
