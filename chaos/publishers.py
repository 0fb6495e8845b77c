"""A season of the storm: a plan is published by publishers that are killed, alone or two at once, until it is done."""

import functools
import os
import secrets
import signal
import time
from collections import Counter
from contextlib import closing
from typing import Any

import stamina
from catalogue import Pictures, season, source_of_season
from children import STOOD_BACK, child, in_a_process
from storm import FAULTS, Storm

from etsy_pipeline import wiring
from etsy_pipeline.accounts import configure, connect
from etsy_pipeline.errors import Conflict, NeedsPerson
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.providers.protocols import ShopClient
from etsy_pipeline.publishing.publisher import publish
from etsy_pipeline.publishing.source import Source
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop.scan import ensure_fresh
from etsy_pipeline.store import budgets, items, jobs
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import UNDER_WAY
from etsy_pipeline.sync import approvals
from etsy_pipeline.sync.build_plan import build_plan
from etsy_pipeline.sync.open_sales import AskOrders
from etsy_pipeline.wiring import Time

KILLED_AFTER = 0.35  # seconds that a publisher lives, on average
BETWEEN_PUBLISHERS = 61.0  # seconds by both clocks: the lease of the one that was killed has run out
RIVALS = 0.2  # share of publishers that have another one beside them
MAX_SYNCS = 12  # of one season: what is not published by then is told as lost or differing
FOR_EVER = 10**9


def publish_a_season(storm: Storm, number: int, kills: int) -> None:
    """Until everything is published: what failed is planned, approved and published again, some times.

    With lanes, stock falls in Medusa when the first publisher of a season was killed. From then on a second sync, of
    the stock lane, is published beside the first one.
    """
    storm.sold = 0
    for _ in range(MAX_SYNCS):
        under_way, trouble = {_planned(storm, number)}, Counter[str]()
        is_beside = False
        while under_way:
            ended = publish_until_killed(storm, number, sorted(under_way), may_kill=storm.kills < kills)
            storm.control("POST", "clock", {"advance_seconds": BETWEEN_PUBLISHERS})
            for transaction_id in ended:
                outcome = storm.answer(transaction_id)
                if outcome["status"] not in {"processing", "paused"}:
                    under_way.discard(transaction_id)
                    trouble.update(outcome["errors"] or ({} if outcome["status"] == "completed" else {"stopped": 1}))
            if storm.lanes and under_way and not storm.sold:
                storm.sold, is_beside = 1, True
                storm.counts["beside"] += 1
                under_way.add(_planned(storm, number))
        storm.control("DELETE", "faults")
        storm.counts.update(trouble)
        storm.counts["syncs"] += 1
        if not trouble and not is_beside:
            return


def _planned(storm: Storm, number: int) -> str:
    """A sync that is approved; Etsy is well while it is planned, and has faults from then on."""
    storm.control("DELETE", "faults")
    transaction_id: str = in_a_process(storm, functools.partial(plan_and_approve, storm, number))
    for fault in FAULTS:
        storm.control("POST", "faults", {**fault, "seed": storm.dice.randrange(FOR_EVER)})
    return transaction_id


def publish_until_killed(storm: Storm, number: int, transaction_ids: list[str], *, may_kill: bool) -> set[str]:
    """A publisher of each sync, at times two, killed at a random instant; the syncs that came to an end before that."""
    count = 2 if storm.dice.random() < RIVALS else 1
    alive = {
        child(functools.partial(publish_once, storm, number, transaction_id)): transaction_id
        for transaction_id in transaction_ids
        for _ in range(count)
    }
    storm.counts["rivals"] += count - 1
    deadline = time.monotonic() + (0.05 + storm.dice.expovariate(1 / KILLED_AFTER) if may_kill else FOR_EVER)
    has_ended: set[str] = set()
    while alive:
        for publisher in list(alive):
            done, status = os.waitpid(publisher, os.WNOHANG)
            if not done:
                continue
            transaction_id = alive.pop(publisher)
            if os.WEXITSTATUS(status) not in {0, STOOD_BACK}:
                raise SystemExit("a publisher failed")
            has_ended |= {transaction_id} if os.WEXITSTATUS(status) == 0 else set()
        if alive and time.monotonic() >= deadline:
            storm.kills += 1
            for publisher in alive:
                os.kill(publisher, signal.SIGKILL)
                os.waitpid(publisher, 0)
            break
        time.sleep(0.005)
    return has_ended


def publish_once(storm: Storm, number: int, transaction_id: str) -> None:
    """What a publisher does, in a process of its own."""
    stamina.set_testing(testing=True, attempts=4)
    at, settings = storm.fast_forward(), Settings.load()
    with (
        closing(wiring.store_of(settings, at, upgrade=False)) as store,
        closing(wiring.shop_client(settings, store, storm.account_id, at)) as client,
    ):
        publish_and_note(storm, store, client, transaction_id, at, source_of_season(storm.products, number, storm.sold))


def publish_and_note(
    storm: Storm, store: Store, client: ShopClient, transaction_id: str, at: Time, source: Source,
    ask_orders: AskOrders | None = None,
) -> None:  # fmt: skip
    """Publish a sync, and leave how it stands to the parent, if it is not killed before."""
    try:
        publish(
            store, client, Pictures(), transaction_id, amount_unit="major", run_id=f"process {os.getpid()}",
            sleep=at.sleep, now=at.now, most_starts=FOR_EVER, source=source, ask_orders=ask_orders,
        )  # fmt: skip
    except Conflict as error:
        with store.reading() as session:
            is_over = jobs.state(session, transaction_id) not in UNDER_WAY
        if error.code != "not_approved" or not is_over:  # another one had, or was killed just after, the last word
            raise
    storm.note(outcome_of(store, transaction_id), transaction_id)


def plan_and_approve(storm: Storm, number: int, store: Store) -> str:
    """Draw up the plan of a season and approve it; its transaction id."""
    try:
        wiring.tokens_of(Settings.load(), store, storm.account_id, storm.fast_forward()).access_token()
    except NeedsPerson:
        consent(store, storm.account_id)
    with closing(wiring.shop_client(Settings.load(), store, storm.account_id, storm.fast_forward())) as client:
        job = build_plan(
            store, account_id=storm.account_id, transaction_id=None, trigger="cli",
            validated=season(storm.products, number, storm.sold), covers_selection=True, amount_unit="major",
            identified=lambda: map(identified, season(storm.products, number, storm.sold)),
            look_through=lambda: ensure_fresh(store, client, storm.account_id),
            run_id=f"chaos {secrets.token_hex(4)}", live_of=client.live_listings,
        )  # fmt: skip
    if not job.is_over:  # there may be nothing to do
        approvals.approve(store, job.transaction_id, decided_by="chaos", through="cli", amount_unit="major")
    return job.transaction_id


def outcome_of(store: Store, transaction_id: str) -> dict[str, Any]:
    """How a sync stands."""
    with store.reading() as session:
        job = jobs.get(session, transaction_id)
        errors = Counter(item.error_code or "?" for item in items.matching(session, job.id, outcome="failed"))
        if "invalid_grant" in job.message:
            errors["consent lost"] += 1
        return {"status": job.status, "errors": dict(errors)}


def connected(store: Store) -> str:
    """An account that is connected to the local Etsy."""
    account = configure.add(store, "Chaos")
    consent(store, account.id)
    return account.id


def consent(store: Store, account_id: str) -> None:
    """The seller's consent; a second one is needed where a publisher was killed while it rotated the token."""
    with budgets.changing(store, Settings.load().etsy_app()[0]) as ledger:
        ledger.held_until = None  # by a clock that is hours ahead of the one that consent goes by
    oauth = wiring.oauth_of(Settings.load())
    code, state = code_from_redirect(grant(connect.start(store, oauth, account_id).location, 1))
    connect.finish(store, oauth, wiring.client_for(Settings.load(), store), code=code, state=state)
