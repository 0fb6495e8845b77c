"""The command line as a person or a script uses it: in a process of its own, exit statuses and words included."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import clock, jobs, signs_of_life
from etsy_pipeline.store.encryption import new_key
from etsy_pipeline.store.migrate import code_version
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import lifecycle, queries
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline.sync.request import request_sync
from etsy_pipeline_tests.api.planned import draw_up, find_nothing, publish
from etsy_pipeline_tests.cli.terminal import Terminal
from etsy_pipeline_tests.notifications.receiving import a_server
from etsy_pipeline_tests.sync.planned import approve, planned
from etsy_pipeline_tests.sync.planned import connected as a_connected_account
from etsy_pipeline_tests.world import World, a_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def terminal(world: World, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, world.sandbox.environment()).begun()


def connected(terminal: Terminal) -> str:
    account_id: str = terminal.json("accounts", "add", "My shop")["id"]
    terminal("accounts", "connect", account_id, "--sandbox-shop", "1")
    ids = [f"{name}=510000011" for name in ("shipping_profile", "return_policy", "processing_profile")]
    terminal("accounts", "configure", account_id, *(word for item in ids for word in ("--set", item)))
    return account_id


def test_from_an_account_to_a_requested_sync(terminal: Terminal) -> None:
    account_id = connected(terminal)
    assert "DustySpoonStudio" in terminal("accounts", "list")
    shown = terminal.json("accounts", "show", account_id)
    assert (shown["currency_code"], shown["settings"]["shipping_profile"]) == ("USD", 510000011)
    assert {name for name in shown if "token" in name} == {"refresh_token_expires_at", "token_problem"}, "no token"
    assert "Express shipping" in terminal("accounts", "configure", account_id, "--choices")
    transaction_id = terminal("sync", "start", "--account", account_id, "--all").strip()
    assert transaction_id.startswith("wf_")
    assert terminal.json("sync", "status", transaction_id)["status"] == "pending"
    assert "being planned" in terminal("sync", "status", transaction_id)
    assert "plan_not_ready" in terminal("sync", "approve", transaction_id, "--digest", "0" * 64, status=1)
    said = " ".join(terminal("sync", "approve", transaction_id, "--by", "Ada").split())
    assert "has no plan yet. Ada confirmed it before the plan. That takes effect by itself if" in said
    assert "Ada confirmed it before the plan" in terminal("sync", "status", transaction_id)
    assert terminal.json("sync", "status", transaction_id)["early_confirm"]["applied"] is None
    assert "There is no plan yet" in terminal("sync", "plan", transaction_id)
    assert terminal("links").strip() == "No product is linked to Etsy yet."
    findings = {item["what"]: item["is_good"] for item in terminal.json("doctor")}
    assert findings == {
        "settings": True, "state folder": True, "Medusa": True, "notices": None, "database": True, "snapshots": True,
        "Dagster's instance": None, "Etsy app": True,
        "clock": True, "calls to Etsy": True, "Dagster": None, "runs": True, "fence": True, "shop My shop": True,
    }, "nobody claims that Dagster runs, or that anybody is told"  # fmt: skip


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("sync", "start", "--account", "nope", "--all"), 2, "account_not_found"),
        (("sync", "start", "--account", "etsy_acc_nope"), 2, "Say what to sync"),
        (("sync", "status", "wf_nope"), 2, "sync_job_not_found"),
        (("sync", "nonsense"), 2, "No such command"),
        (("accounts", "add", " "), 2, "account_name_empty"),
        (("accounts", "connect", "nope", "--sandbox-shop", "1"), 2, "account_not_found"),
        (("accounts", "configure", "etsy_acc_nope", "--set", "novalue"), 2, "SETTING=VALUE"),
    ],
)
def test_bad_use_has_status_2_and_says_what_is_wrong(
    terminal: Terminal, words: tuple[str, ...], status: int, said: str
) -> None:
    assert said in terminal(*words, status=status)


@pytest.mark.parametrize(
    ("env", "words", "said"),
    [
        ({"MEDUSA_AMOUNT_UNIT": "cents"}, ("accounts", "list"), "'major' if Medusa shows 29.99 for a price of 29.99"),
        (
            {"ETSY_PIPELINE_DATABASE_URL": "mysql://x", "ETSY_PIPELINE_SECRET_KEY": new_key()},
            ("accounts", "list"),
            "SQLite or PostgreSQL",
        ),
        ({"ETSY_PIPELINE_DATABASE_URL": "sqlite:///own.db"}, ("accounts", "list"), "ETSY_PIPELINE_SECRET_KEY"),
        ({"ETSY_PIPELINE_SECRET_KEY": "short"}, ("accounts", "list"), "secret_key_malformed"),
    ],
)
def test_unusable_settings_have_status_1_and_name_the_variable(
    terminal: Terminal, env: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    assert said in terminal(*words, status=1, env=env)


def test_a_database_of_ones_own_is_made_by_db_upgrade(terminal: Terminal) -> None:
    key = terminal("db", "new-key").strip()
    own = {"ETSY_PIPELINE_DATABASE_URL": "sqlite:///own.db", "ETSY_PIPELINE_SECRET_KEY": key}
    assert "db upgrade" in terminal("accounts", "list", status=1, env=own)
    assert f"version {code_version()}" in terminal("db", "upgrade", env=own)
    assert f"version {code_version()}" in terminal("db", "upgrade", env=own)
    assert "No account yet" in terminal("accounts", "list", env=own)


def test_a_new_key_takes_over_with_db_rotate_key(terminal: Terminal) -> None:
    old, new = (terminal("db", "new-key").strip() for _ in range(2))
    own = {"ETSY_PIPELINE_DATABASE_URL": "sqlite:///own.db", "ETSY_PIPELINE_SECRET_KEY": old}
    terminal("db", "upgrade", env=own)
    terminal.env |= own
    connected(terminal)
    assert "secret_key_wrong" in terminal("db", "rotate-key", status=1, env={"ETSY_PIPELINE_SECRET_KEY": new})
    assert "of 1 accounts" in terminal("db", "rotate-key", env={"ETSY_PIPELINE_SECRET_KEY": f"{new},{old}"})
    assert "DustySpoonStudio" in terminal("doctor", env={"ETSY_PIPELINE_SECRET_KEY": new})


def test_a_lost_connection_is_shown_wherever_one_looks(terminal: Terminal, world: World) -> None:
    account_id = connected(terminal)
    assert "connected, 89 days left" in " ".join(terminal("accounts", "list").split())
    for kind in ("access", "refresh"):
        world.etsy("POST", "tokens", {"kind": kind})
    said = " ".join(terminal("doctor", status=1).split())
    assert "oauth_invalid_grant" in said
    shown = terminal.json("accounts", "show", account_id)
    assert (shown["connection"], shown["days_left"]) == ("needs consent", 89)
    assert "refresh_token is revoked" in shown["token_problem"]
    assert "needs consent" in " ".join(terminal("accounts", "list").split())


def test_without_any_setting_the_doctor_says_what_to_set(tmp_path: Path) -> None:
    said = Terminal(tmp_path, {})("doctor", status=1)
    for name in ("ETSY_CLIENT_ID", "MEDUSA_URL", "sandbox"):
        assert name in said


NOBODY = "http://127.0.0.1:9"  # where nobody listens


def test_the_doctor_tells_a_missing_app_once(tmp_path: Path) -> None:
    told = Terminal(tmp_path, {}).begun()("doctor", status=1)
    assert "--  settings" in told, "nothing is good of none"
    assert told.count("ETSY_SHARED_SECRET: the") == 1, "calls are not asked for without a key"
    assert "/setup of" in told.partition("accounts")[2], "and the browser is a way to connect one, too"


@pytest.mark.long
def test_the_doctor_tells_a_medusa_that_is_down_and_a_wrong_etsy_key(terminal: Terminal) -> None:
    connected(terminal)
    env = {"MEDUSA_URL": NOBODY, "ETSY_API_URL": NOBODY}
    said = " ".join(terminal("doctor", status=1, env=env).split())
    assert "medusa_unreachable" in said
    assert "etsy_call" not in said, "the table says it all; lines of the log come when they are asked for"
    wrong = {"ETSY_SHARED_SECRET": "wrong"}
    assert "etsy_call" in terminal("doctor", status=1, env=wrong | {"ETSY_PIPELINE_LOG_LEVEL": "WARNING"})
    found = {item["what"]: item for item in terminal.json("doctor", status=1, env=wrong)}
    assert (found["Etsy app"]["is_good"], "etsy_key_invalid" in found["Etsy app"]["detail"]) == (False, True)


def test_the_doctor_says_whether_dagster_is_at_work(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(etsy_pipeline_home=terminal.folder / "state")
    for moment, is_good in ((datetime.now(UTC), True), (datetime.now(UTC) - timedelta(hours=3), False)):
        monkeypatch.setattr(clock, "now", lambda _session, moment=moment: moment)
        with closing(wiring.store_of(settings)) as store, store.writing() as session:
            signs_of_life.note(session, signs_of_life.SENSORS)
        found = {item["what"]: item for item in terminal.json("doctor", status=1)}
        assert found["Dagster"]["is_good"] is is_good
    assert "looked 3 hours ago: nothing is planned or published until" in found["Dagster"]["detail"]


def test_a_command_in_a_wrong_folder_begins_nothing_there(world: World, tmp_path: Path) -> None:
    lost = Terminal(tmp_path, world.sandbox.environment())
    for words in (("sync", "status"), ("accounts", "list"), ("links",), ("doctor",)):
        assert "no_state_folder" in " ".join(lost(*words, status=1).split())
    assert not (tmp_path / "state").exists()
    assert str(tmp_path / "state") in lost("sync", "status", status=1).replace("\n", "")
    lost("accounts", "add", "My shop")
    assert "My shop" in lost("accounts", "list")


@pytest.mark.parametrize(
    ("notify", "smtp", "code"),
    [
        ("https://x.test/hook, hunter2", "", "notify_malformed"),
        ("mailto:me@hunter2.test", "", "setting_missing"),
        ("", "mail.hunter2.test", "smtp_url_malformed"),
    ],
)
def test_the_doctor_tells_notice_settings_that_cannot_work(
    terminal: Terminal, notify: str, smtp: str, code: str
) -> None:
    env = {"ETSY_PIPELINE_NOTIFY": notify, "ETSY_PIPELINE_SMTP_URL": smtp}
    found = {item["what"]: item for item in terminal.json("doctor", status=1, env=env)}
    assert (found["notices"]["is_good"], code in found["notices"]["detail"]) == (False, True)
    assert "hunter2" not in found["notices"]["detail"]


def test_the_doctor_says_who_is_told_and_sends_nothing(terminal: Terminal) -> None:
    nobody = {item["what"]: item for item in terminal.json("doctor", status=1)}["notices"]
    assert (nobody["is_good"], "nobody is told" in nobody["detail"]) == (None, True), "that is not to be called good"
    with a_server() as (url, taken):
        env = {"ETSY_PIPELINE_NOTIFY": f"{url},mailto:me@x.test", "ETSY_PIPELINE_SMTP_URL": "smtp://127.0.0.1:1"}
        found = {item["what"]: item for item in terminal.json("doctor", status=1, env=env)}
    assert (found["notices"]["is_good"], found["notices"]["detail"], taken) == (
        True,
        "to webhook at 127.0.0.1, mail",
        [],
    )


def test_a_sandbox_whose_port_is_taken_says_so(terminal: Terminal, world: World) -> None:
    port = world.sandbox.etsy_url.rpartition(":")[2]
    said = terminal("sandbox", "--etsy-port", port, status=1)
    assert f"Port {port}" in said
    assert "choose another port" in " ".join(said.split())


@pytest.mark.long
def test_the_demo_goes_the_whole_way_and_can_be_repeated(tmp_path: Path) -> None:
    folder = Path(__file__).parents[2]
    for name in ("dagster.yaml", "workspace.yaml"):
        (tmp_path / name).write_text((folder / name).read_text())
    terminal = Terminal(tmp_path, {})
    said = " ".join(terminal("demo").split())
    assert "Plan: 57 new" in said
    assert "completed with errors: 52 synced" in said
    assert "scripts/dev" in said
    assert "failed" in terminal("links", "--status", "failed")
    job = terminal.json("sync", "status")[0]
    assert (job["status"], job["synced_count"], job["total_products"]) == ("completed", 52, 76)
    assert "products are not on Etsy: the sample holds broken ones" in said, (
        "some products of the sample are broken, and the demo says so"
    )
    again = " ".join(terminal("demo").split())
    assert "Plan: 4 new" in again, "what is published is not published again"


@pytest.mark.parametrize("words", [(), ("sync",), ("accounts",), ("db",), ("sync", "start"), ("sync", "approve")])
def test_every_command_explains_itself(terminal: Terminal, words: tuple[str, ...]) -> None:
    assert "Usage:" in terminal(*words, "--help")


def test_a_long_plan_is_shown_in_part_and_counted_whole(terminal: Terminal) -> None:
    settings = Settings.load(etsy_pipeline_home=terminal.folder / "state")
    with closing(wiring.store_of(settings)) as store:
        job = planned(store, a_connected_account(store), 120)
    said = terminal("sync", "plan", job.transaction_id)
    assert said.count("New: not on Etsy yet") == 100 + 1, "a hundred rows, and their group"
    assert "… and more: --most 1000, or --json" in said
    assert "120 × New" in said
    assert len(terminal.json("sync", "plan", job.transaction_id)["items"]) == 120
    assert terminal.json("sync", "plan", job.transaction_id, "--action", "update")["items"] == []
    assert "No item of a plan can be 'nonsense'" in terminal(
        "sync", "plan", job.transaction_id, "--brake", "nonsense", status=2
    )


def test_what_failed_is_tried_again_by_a_new_sync(terminal: Terminal) -> None:
    settings = Settings.load(etsy_pipeline_home=terminal.folder / "state")
    with closing(wiring.store_of(settings)) as store:
        first = request_sync(store, a_connected_account(store).id, product_ids=("prod_0", "prod_1"), trigger="cli")
        tx = first.transaction_id
        assert "sync_not_finished" in terminal("sync", "retry", tx, status=1)
        draw_up(store, tx)
        publish(store, tx, failed=("prod_1",))
        again = terminal("sync", "retry", tx).strip()
        job = queries.job(store, again)
        assert (job.state, job.trigger, job.has_plan) == (SyncState.REQUESTED, "cli", False), (
            "it waits for its own plan"
        )
        assert job.requested_selection is not None
        assert job.requested_selection.product_ids == ("prod_1",)
        found = terminal.json("sync", "retry", tx)
        assert (found["status"], found["transaction_id"] not in {tx, again}) == ("pending", True)
        assert tx in terminal("sync", "status"), "whole, to be copied, also beside long words"
        for words in (("status", tx), ("status", tx, "--watch")):
            assert "completed with errors; 2 products: 1 synced, 1 failed" in " ".join(
                terminal("sync", *words, status=1).split()
            )
        draw_up(store, again)
        publish(store, again)
        assert "completed; 2 products: 2 synced" in " ".join(terminal("sync", "status", again).split())
        assert "nothing_failed" in terminal("sync", "retry", again, status=1)
    assert "sync_job_not_found" in terminal("sync", "retry", "wf_nope", status=2)


def test_a_sync_that_waits_for_a_person_says_so_and_goes_on_when_told(terminal: Terminal) -> None:
    settings = Settings.load(etsy_pipeline_home=terminal.folder / "state")
    with closing(wiring.store_of(settings)) as store:
        job = approve(store, planned(store, a_connected_account(store)))
        with store.writing() as session:
            job = lifecycle.move(session, job, Event.BEGIN_PUBLICATION, who="publisher")
            lifecycle.move(session, job, Event.PAUSE, who="publisher", error_log={"job": "Refused. [same_refusal]"})
    said = " ".join(terminal("sync", "status", job.transaction_id).split())
    assert "paused; 2 products" in said
    assert "waits for a person" in said
    assert f"{job.transaction_id} goes on" in terminal("sync", "resume", job.transaction_id)
    assert "goes on at" in " ".join(terminal("sync", "status", job.transaction_id).split())
    with closing(wiring.store_of(settings)) as store, store.writing() as session:
        jobs.change(session, job.transaction_id, failed_count=1)
    for command in ((), ("cancel", job.transaction_id)):
        if command:
            terminal("sync", *command)
        assert "1 failed" in " ".join(terminal("sync", "status", job.transaction_id, status=1).split())
    assert "not_paused" in terminal("sync", "resume", job.transaction_id, status=1)


def test_what_was_not_sent_is_dropped_and_brought_forward(terminal: Terminal) -> None:
    settings = Settings.load(etsy_pipeline_home=terminal.folder / "state")
    with closing(wiring.store_of(settings)) as store:
        job = approve(store, planned(store, a_connected_account(store), 3))
    said = terminal("sync", "first", job.transaction_id, "--product-id", "prod_2")
    assert f"First in {job.transaction_id}: 1" in said
    said = terminal(
        "sync", "drop", job.transaction_id, "--product-id", "prod_1", "--product-id", "prod_9", "--by", "Ada"
    )
    assert f"Dropped from {job.transaction_id}: 1" in said
    assert "Not among what is still to send: prod_9" in " ".join(said.split())
    (item,) = terminal.json("sync", "plan", job.transaction_id, "--product-id", "prod_1")["items"]
    assert (item["outcome"], item["note"]) == ("skipped", "dropped by Ada")
    assert "nothing_unsent" in terminal("sync", "drop", job.transaction_id, "--product-id", "prod_1", status=1)


@pytest.mark.parametrize("invalid", [0, 1])
def test_where_there_is_nothing_to_do_every_command_says_so_and_why(terminal: Terminal, invalid: int) -> None:
    settings = Settings.load(etsy_pipeline_home=terminal.folder / "state")
    with closing(wiring.store_of(settings)) as store:
        job = request_sync(store, a_connected_account(store).id, product_ids=("prod_0",), trigger="cli")
        tx = job.transaction_id
        find_nothing(store, tx, invalid=bool(invalid))
    told = f"Nothing to do on Etsy: 1 unchanged or not for sale, {invalid} cannot be published."

    def said(*words: str, status: int) -> str:
        return " ".join(terminal("sync", *words, status=status).split())

    assert f"{tx}: {told}" in said("status", tx, status=invalid)
    assert f"{tx}: {told}" in said("status", tx, "--watch", status=invalid)
    assert f"{tx}: {told}" in said("approve", tx, status=invalid)
    shown = said("plan", tx, status=0)
    assert (told in shown, "To publish it" in shown) == (True, False)
    assert "nothing to" in said("status", status=0), "the column is narrow"
    assert terminal.json("sync", "plan", tx)["state"] == "nothing_to_do"
    assert "already_decided" in said("reject", tx, status=1)


def test_a_disconnected_shop_has_no_connection_but_its_name(terminal: Terminal) -> None:
    account_id = connected(terminal)
    assert "Disconnected" in terminal("accounts", "disconnect", account_id)
    shown = terminal.json("accounts", "show", account_id)
    assert (shown["is_active"], shown["scopes"], shown["shop_name"]) == (False, None, "DustySpoonStudio")
    assert "account_not_connected" in terminal("sync", "start", "--account", account_id, "--all", status=1)
    terminal("accounts", "connect", account_id, "--sandbox-shop", "1")


def test_what_was_typed_is_noted_with_who_typed_it(terminal: Terminal) -> None:
    account_id = connected(terminal)
    tx = terminal("sync", "start", "--account", account_id, "--all", "--by", "Ada").strip()
    terminal("sync", "cancel", tx, "--by", "Bob")
    terminal("sync", "rollback", tx, status=1)
    found = [(item["done_by"], item["deed"]) for item in terminal.json("activity", "--sync", tx)]
    assert found == [("Bob", "cancelled"), ("Ada", "asked")]
    shown = terminal("sync", "status", tx)
    assert ("Ada asked for a sync" in shown, "Bob called the sync off" in shown) == (True, True)
    everything = terminal("activity", "--account", account_id, "--most", "3")
    assert "changed settings: shipping_profile, return_policy, processing_profile" in " ".join(everything.split())
    assert "more: --most 30" in everything
    assert max(map(len, everything.splitlines())) <= 80
    signed_in = terminal.json("activity", "--account", account_id)[-1]
    assert (signed_in["deed"], bool(signed_in["done_by"])) == ("account_added", True), "the signed-in user"


def test_the_api_listens_to_others_only_where_somebody_has_a_token(terminal: Terminal, world: World) -> None:
    said = terminal("api", "--host", "0.0.0.0", status=1)  # noqa: S104 - what is refused
    assert "api_token_missing" in said
    assert "people add NAME" in " ".join(said.split())
    terminal("people", "add", "Ada", "--role", "administer")
    assert "api_cannot_listen" in terminal("api", "--host", "localhost.invalid", status=1), "people are enough"
    terminal("people", "remove", "Ada")
    assert "api_token_missing" in terminal("api", "--host", "localhost.invalid", status=1), "nobody is left"
    taken = world.sandbox.etsy_url.rpartition(":")[2]
    assert "api_cannot_listen" in terminal("api", "--port", taken, status=1)
    assert "api_cannot_listen" in terminal(
        "api", "--host", "localhost.invalid", status=1, env={"ETSY_PIPELINE_API_TOKEN": "x" * 16}
    )


def test_profiles_and_category_are_chosen_by_answering_questions(terminal: Terminal) -> None:
    account_id = connected(terminal)
    said = terminal("accounts", "configure", account_id, "--interactive", answers="2\n\n9\n1\n\nmugs kitchen\n1\n")
    assert "Express shipping" in said
    assert "'9' is none of 1 to 2." in said
    settings = terminal.json("accounts", "show", account_id)["settings"]
    [mugs, *_] = terminal.json("accounts", "categories", account_id, "mugs", "KITCHEN")
    assert mugs["name"].endswith("Mugs")
    assert (settings["shipping_profile"], settings["processing_profile"]) == (510000013, 510000011)
    assert settings["default_taxonomy_id"] == mugs["id"]
    assert "No category has all these words" in terminal("accounts", "categories", account_id, "nonsense")


def test_an_account_is_given_by_its_name_wherever_it_is_given_by_its_id(terminal: Terminal) -> None:
    name, other = "Shöp & Co", "Another"
    first, account_id = (terminal.json("accounts", "add", each)["id"] for each in (name, other))
    terminal("accounts", "connect", name, "--sandbox-shop", "1")
    assert f"Settings of {first} changed" in terminal(
        "accounts", "configure", name, "--set", "shipping_profile=510000011"
    )
    assert terminal.json("accounts", "show", "DustySpoonStudio")["id"] == first, "or by its shop's name"
    assert terminal("sync", "start", "--account", name, "--all").startswith("wf_")
    assert "asked for a sync" in terminal("activity", "--account", name)
    assert terminal.json("links", "--account", name) == []
    for words in (("add", name), ("rename", account_id, name)):
        told = terminal("accounts", *words, status=1)
        assert ("account_name_taken" in told, first in told) == (True, True)
    told = " ".join(terminal("accounts", "show", "Shop", status=2).split())
    assert ("account_not_found" in told, f"{first} ({name})" in told) == (True, True)


def test_an_account_gets_another_name_and_goes_while_nothing_belongs_to_it(terminal: Terminal) -> None:
    first, account_id = (terminal.json("accounts", "add", name)["id"] for name in ("Misspelt", "Another"))
    assert "is called My shop now" in terminal("accounts", "rename", first, "My shop")
    assert "My shop" in terminal("accounts", "list")
    assert "account_name_empty" in terminal("accounts", "rename", first, " ", status=2)
    terminal("accounts", "connect", first, "--sandbox-shop", "1")
    assert "account_has_history" in terminal("accounts", "remove", first, status=1)
    assert "Removed" in terminal("accounts", "remove", account_id)
    assert "account_not_found" in terminal("accounts", "remove", account_id, status=2)
    assert "Another" not in terminal("accounts", "list")
