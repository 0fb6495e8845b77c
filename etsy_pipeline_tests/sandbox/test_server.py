"""Starting and stopping a sandbox: ports, loopback, what survives, and how much it takes at once."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from etsy_pipeline.sandbox.server import Sandbox, SandboxError, SandboxOptions
from etsy_pipeline_tests.sandbox.conftest import SHOP, Etsy


def options(folder: Path, **changes: object) -> SandboxOptions:
    values = {"state_path": folder / "state" / "sandbox.db", "requests_per_second": 1000, **changes}
    return SandboxOptions(**values)  # type: ignore[arg-type] # one dictionary of different types


def test_a_sandbox_starts_in_well_under_a_second(tmp_path: Path) -> None:
    """One of three times: the machine may be busy."""
    assert min(seconds_to_start(tmp_path / str(number)) for number in range(3)) < 1


def seconds_to_start(folder: Path) -> float:
    started = time.monotonic()
    with Sandbox(options(folder)):
        return time.monotonic() - started


def test_a_sandbox_answers_until_it_is_stopped(tmp_path: Path) -> None:
    with Sandbox(options(tmp_path)) as sandbox:
        assert httpx.get(f"{sandbox.medusa_url}/health").text == "OK"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{sandbox.etsy_url}/v3/application/openapi-ping")


def test_its_environment_is_all_that_a_client_needs(tmp_path: Path) -> None:
    with Sandbox(options(tmp_path)) as sandbox:
        environment = sandbox.environment()
    assert set(environment) == {
        "ETSY_API_URL", "ETSY_OAUTH_URL", "ETSY_TOKEN_URL", "ETSY_CLIENT_ID", "ETSY_SHARED_SECRET", "MEDUSA_URL",
        "MEDUSA_API_KEY", "MEDUSA_AMOUNT_UNIT", "ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS",
    }  # fmt: skip
    assert environment["ETSY_TOKEN_URL"] == f"{environment['ETSY_API_URL']}/v3/public/oauth/token"


def test_listings_and_credentials_survive_a_restart(tmp_path: Path) -> None:
    with Sandbox(options(tmp_path)) as sandbox:
        first, listing_id = sandbox.environment(), Etsy(sandbox).draft()
    with Sandbox(options(tmp_path)) as sandbox:
        second = sandbox.environment()
        listing = Etsy(sandbox)("GET", f"/listings/{listing_id}").json()
    assert [first[name] for name in ("ETSY_CLIENT_ID", "MEDUSA_API_KEY")] == [
        second[name] for name in ("ETSY_CLIENT_ID", "MEDUSA_API_KEY")
    ]
    assert listing["url"] == f"{second['ETSY_API_URL']}/listing/{listing_id}", "at the new port"


@pytest.mark.parametrize("name", ["etsy_port", "medusa_port"])
def test_a_port_that_is_taken_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SandboxError, match=f"Port {port} .* choose another port"):
            Sandbox(options(tmp_path, **{name: port})).start()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])  # noqa: S104 - it must refuse
def test_it_listens_on_loopback_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(SandboxError, match="loopback"):
        Sandbox(options(tmp_path, host=host)).start()


def test_a_third_shop_sells_in_euros_and_a_fourth_there_is_not(tmp_path: Path) -> None:
    with Sandbox(options(tmp_path, shops=3)) as sandbox:
        shop = Etsy(sandbox)("GET", f"/shops/{SHOP + 2}").json()
    assert (shop["currency_code"], shop["shop_location_country_iso"]) == ("EUR", "FR")
    with pytest.raises(SandboxError, match="1 to 3 sample shops"):
        Sandbox(options(tmp_path, shops=4)).start()


def test_many_calls_at_once_make_as_many_listings(tmp_path: Path) -> None:
    with Sandbox(options(tmp_path)) as sandbox:
        etsy = Etsy(sandbox)
        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(lambda number: etsy.draft(title=f"Mug {number}"), range(40)))
        assert len(set(ids)) == 40
        rows = sandbox.state.rows("SELECT title FROM listing")
    assert {row["title"] for row in rows} == {f"Mug {number}" for number in range(40)}


def test_the_state_can_be_read_by_hand(tmp_path: Path) -> None:
    with Sandbox(options(tmp_path)) as sandbox:
        listing_id = Etsy(sandbox).draft()
        row = sandbox.state.row("SELECT * FROM inventory_product WHERE listing_id = ?", listing_id)
        assert row is not None
        assert (row["price"], row["quantity"], row["is_enabled"]) == (29.99, 5, 1)
        log = sandbox.state.row("SELECT * FROM request_log")
        assert log is not None
        assert (log["operation"], log["status"]) == ("createDraftListing", 201)


def test_two_sandboxes_in_one_process_know_nothing_of_each_other(tmp_path: Path) -> None:
    with Sandbox(options(tmp_path / "a")) as one, Sandbox(options(tmp_path / "b")) as two:
        Etsy(one).draft()
        assert two.state.rows("SELECT * FROM listing") == []
