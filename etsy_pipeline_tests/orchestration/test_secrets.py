"""Everything that a sync leaves behind, searched for every secret that was in play.

The sync is planned, approved and published by Dagster, at the level DEBUG, while Etsy refuses, fails and forgets tokens.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import stamina
from sqlalchemy import text

from etsy_pipeline import wiring
from etsy_pipeline.accounts import connect
from etsy_pipeline.definitions import defs
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.monitoring import watch_logs
from etsy_pipeline.orchestration.partitions import ACCOUNTS
from etsy_pipeline.orchestration.runs import TRANSACTION_TAG
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.encryption import new_key
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.tables.base import Table
from etsy_pipeline.sync import queries
from etsy_pipeline_tests.world import World

OTHERS = {
    "ETSY_PIPELINE_SECRET_KEY": new_key(),
    "ETSY_PIPELINE_API_TOKEN": "api-token-of-this-test",
    "ETSY_WEBHOOK_SECRET": "whsec_c2VjcmV0b2Z0aGlzdGVzdA==",
    "ETSY_PIPELINE_SMTP_URL": "smtp://me:mail-password@127.0.0.1:1",
    "ETSY_PIPELINE_NOTIFY": "http://127.0.0.1:1/hook-of-this-test,mailto:me@example.com",
    "ETSY_PIPELINE_LOG_LEVEL": "DEBUG",
}
SETTINGS = {
    "python_logs": {"managed_python_loggers": ["etsy_pipeline", "httpx", "httpcore"], "python_log_level": "DEBUG"}
}
FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "drop_after", "operation": "createDraftListing", "times": 1},
    {"kind": "status", "status": 500, "operation": "uploadListingImage", "times": 1},
    {"kind": "status", "status": 400, "operation": "updateListing", "times": 1},
)


@pytest.fixture(autouse=True)
def _other_secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    make, package = logging.getLogRecordFactory(), logging.getLogger("etsy_pipeline")
    handlers = list(package.handlers)
    with stamina.set_testing(testing=True, attempts=3):
        yield
    logging.setLogRecordFactory(make)
    package.handlers, package.propagate, package.level = handlers, True, logging.NOTSET


def connected_again(world: World, store: Store, account_id: str) -> list[str]:
    """Connect the shop once more: the code and the verifier of that."""
    oauth = wiring.oauth_of(world.settings)
    started = connect.start(store, oauth, account_id)
    with store.reading() as session:
        (stored,) = session.execute(
            text("SELECT verifier_encrypted FROM oauth_session WHERE state = :state"), {"state": started.state}
        ).one()
    code, state = code_from_redirect(grant(started.location, 1))
    connect.finish(store, oauth, wiring.client_for(world.settings, store), code=code, state=state)
    return [code, store.cipher.decrypt(stored)]


def run(instance: dg.DagsterInstance, account_id: str, *, job: str = "", asset: str = "", **tags: str) -> None:
    chosen = defs.resolve_job_def(job) if job else defs.resolve_implicit_global_asset_job_def()
    selection = {"asset_selection": [dg.AssetKey(asset)]} if asset else {}
    chosen.execute_in_process(
        instance=instance, partition_key=account_id, tags=tags, raise_on_error=False, **selection  # type: ignore[arg-type]
    )  # fmt: skip


def rows_of(store: Store) -> Iterator[str]:
    with store.engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            for row in connection.execute(table.select()):
                yield f"{table.name} {row}"


def events_of(instance: dg.DagsterInstance) -> Iterator[str]:
    for found in instance.get_runs():
        yield f"{found.run_config} {found.tags}"
        for entry in instance.all_logs(found.run_id):
            yield repr(entry)


def test_no_secret_is_left_in_logs_tables_events_or_metadata(
    world: World,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    watch_logs(Settings.load())
    for chatty in ("", "httpx", "httpcore"):  # also what is quiet otherwise
        caplog.set_level(logging.DEBUG, chatty)
    world.keep_only(*world.product_ids("clean")[:3])
    account_id = world.connected(store).id
    used = connected_again(world, store, account_id)
    world.etsy("POST", "tokens", {"kind": "access"})  # so that a 401 and a refresh are among what happens
    for fault in FAULTS:
        assert "error" not in world.etsy("POST", "faults", fault)
    with dg.instance_for_test(overrides=SETTINGS) as instance:
        instance.add_dynamic_partitions(ACCOUNTS, [account_id])
        run(instance, account_id, job="plan_sync")
        run(instance, account_id, asset="publication_approval")
        (job,) = queries.latest_jobs(store)
        run(instance, account_id, job="publish_sync", **{TRANSACTION_TAG: job.transaction_id})
        monkeypatch.setenv("MEDUSA_API_KEY", "sk_wrongkey0123456789")
        run(instance, account_id, job="plan_sync")
        wiring.send_notices(Settings.load(), store)
        events = list(events_of(instance))
    assert queries.job(store, job.transaction_id).synced_count > 0
    sandbox = world.sandbox
    secrets: list[Any] = [sandbox.shared_secret, sandbox.medusa_api_key, "sk_wrongkey0123456789", *used]
    secrets += [row["token"] for row in sandbox.state.rows("SELECT token FROM token")]
    secrets += [OTHERS[name] for name in OTHERS if name.endswith(("KEY", "TOKEN", "SECRET", "URL"))]
    secrets += ["mail-password", "hook-of-this-test"]
    written = "".join(capfd.readouterr()) + caplog.text
    left = {"events": events, "tables": list(rows_of(store)), "logs": [written], "files": list(files_in(tmp_path))}
    calls = [entry for entry in events if "etsy_call" in entry and job.transaction_id in entry]
    for operation in ("method=POST", "/inventory", "/images", "status=500", "status=none"):
        assert any(operation in entry for entry in calls), f"the search sees {operation}"
    assert any("status=401" in entry for entry in events), "a token was refused"
    assert all("product_id=prod_" in entry for entry in calls if "method=PUT" in entry)
    assert len(secrets) > 10
    for place, texts in left.items():
        for entry in texts:
            for secret in secrets:
                assert secret not in entry, f"{place}: {entry[:300]}"


def files_in(folder: Path) -> Iterator[str]:
    """What lies in the state folder, without the sandbox's own books."""
    for path in (folder / "state").rglob("*"):
        if path.is_file():
            yield path.read_bytes().decode(errors="replace")
