"""The storm of orders: buyers, the owner, plans, publishers and importers at once; all of ours killed together.

What happens in the shops is in `market.py`, what fails in Medusa in `weather.py`, what each of ours does in
`traders.py`, who is right in `ledger.py`.
"""

import functools
import os
import signal
import time

from children import STOOD_BACK, child
from market import Market
from storm import FAULTS
from traders import Trading, hear_on_and_on, import_on_and_on, look_and_plan, plan, publish_once

KILLED_AFTER = (25, 50)  # calls to Etsy, or moves in Medusa, on average: so a slow machine kills as a quick one does
A_MOMENT = 0.1  # seconds: where between two calls it is
LONGEST_ROUND = 20.0  # seconds
IDLE = 2.0  # seconds without a call: then so much time passes that the turns of who was killed run out
PASSES = (30.0, 31.0)  # less than what is given to an answer that is on its way (`orders.book.SETTLES`)
BETWEEN = (5.0, 61.0, 95.0)  # seconds by both clocks until the next ones begin: their turn is free, and answers settled
IMPORTERS, OF_ROUNDS = (0, 1, 2), (0.25, 0.6, 0.15)  # without one, only plans and publishers ask what was sold
PLANNED = 0.5  # share of rounds in which a plan is drawn up, where one is under way already
HAPPENS_EVERY = 0.04  # seconds
MOST_QUIET_ROUNDS = 12
FOR_EVER = 10**9
BESIDE = ""  # in place of the sync, for who publishes none


def trade(storm: Trading, market: Market, kills: int) -> None:
    """Everything is on Etsy; from then on buyers buy, and all of ours are killed at one instant, again and again."""
    _required(child(functools.partial(plan, storm)))
    _note_plan(storm)
    storm.began.append(time.time())
    _publish_all(storm)
    while storm.kills < kills:
        _faults(storm)
        market.weather.changes()
        _round(storm, market)
        storm.passes(storm.dice.choice(BETWEEN))
        storm.set_clock()


def calm(storm: Trading, market: Market) -> int:
    """Nothing happens any more: look, plan and publish until there is nothing to do; how many writes that still made.

    Those of the last time are counted, when there was nothing to do the time before, too.
    """
    storm.control("DELETE", "faults")
    market.calms_down()
    is_quiet = False
    for _ in range(MOST_QUIET_ROUNDS):
        storm.passes(max(BETWEEN))
        storm.set_clock()
        before = _writes(market)
        _required(child(functools.partial(look_and_plan, storm)))
        _note_plan(storm)
        was_quiet, is_quiet = is_quiet, not storm.under_way
        while storm.under_way:
            _publish_all(storm)
        if was_quiet and is_quiet:
            return _writes(market) - before
    return FOR_EVER


def _faults(storm: Trading) -> None:
    storm.control("DELETE", "faults")
    for fault in FAULTS:
        storm.control("POST", "faults", {**fault, "seed": storm.dice.randrange(FOR_EVER)})


def _round(storm: Trading, market: Market) -> None:
    """Importers, publishers and a planner begin; the market goes on; then all but the planner are killed."""
    storm.began.append(time.time())
    planner = None
    if not storm.under_way or (len(storm.under_way) == 1 and storm.dice.random() < PLANNED):
        planner = child(functools.partial(plan, storm))
    alive = {child(functools.partial(hear_on_and_on, storm)): BESIDE}
    for _ in range(*storm.dice.choices(IMPORTERS, OF_ROUNDS)):
        alive[child(functools.partial(import_on_and_on, storm))] = BESIDE
    for transaction_id in storm.under_way:
        alive[child(functools.partial(publish_once, storm, transaction_id))] = transaction_id
    _until_the_kill(storm, market)
    for process_id in alive:
        os.kill(process_id, signal.SIGKILL)
    storm.kills += 1
    storm.counts["with a publisher"] += any(alive.values())
    for transaction_id, status in [(alive[process_id], os.waitpid(process_id, 0)[1]) for process_id in alive]:
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) not in {0, STOOD_BACK}:
            raise SystemExit("a publisher failed" if transaction_id else "an importer failed")
        if transaction_id and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            _ended(storm, transaction_id)
    if planner is not None:
        _required(planner)
        _note_plan(storm)


def _until_the_kill(storm: Trading, market: Market) -> None:
    """The market goes on until ours have called Etsy so often, or so much has moved in Medusa."""
    kind = storm.dice.choice((0, 1))
    enough = _done(market)[kind] + storm.dice.expovariate(1 / KILLED_AFTER[kind])
    began = last = time.monotonic()
    done, passes = _done(market), list(PASSES)
    while done[kind] < enough and time.monotonic() < began + LONGEST_ROUND:
        market.happens()
        time.sleep(storm.dice.expovariate(1 / HAPPENS_EVERY))
        before, done = done, _done(market)
        if done[0] != before[0]:
            last = time.monotonic()
        elif passes and time.monotonic() > last + IDLE:
            storm.passes(passes.pop())
            last = time.monotonic()
    time.sleep(storm.dice.uniform(0, A_MOMENT))


def _publish_all(storm: Trading) -> None:
    for transaction_id in list(storm.under_way):
        _required(child(functools.partial(publish_once, storm, transaction_id)))
        _ended(storm, transaction_id)
        storm.passes(max(BETWEEN))


def _ended(storm: Trading, transaction_id: str) -> None:
    """Note how a publisher ended by itself; a sync that pauses goes on."""
    outcome = storm.answer(transaction_id)
    if outcome["status"] not in {"processing", "paused"}:
        storm.under_way.remove(transaction_id)
        storm.counts["syncs"] += 1
        storm.counts.update(outcome["errors"])


def _note_plan(storm: Trading) -> None:
    if (transaction_id := storm.answer("plan")) is not None:
        storm.under_way.append(transaction_id)


def _required(process_id: int) -> None:
    if status := os.waitpid(process_id, 0)[1]:
        raise SystemExit(f"a step of the harness failed: {status}")


def _done(market: Market) -> tuple[int, int]:
    """Calls to Etsy so far, and moves in Medusa."""
    (row,) = market.rows("SELECT (SELECT count(*) FROM request_log) AS calls, max(n) AS moves FROM chaos_moved")
    return int(row["calls"]), int(row["moves"] or 0)


def _writes(market: Market) -> int:
    """How often Etsy was written to, and what in Medusa moved since."""
    (etsy,) = market.rows("SELECT count(*) AS n FROM request_log WHERE method <> 'GET' AND operation <> 'token'")
    return int(etsy["n"]) + len(market.rows("SELECT n FROM chaos_moved"))
