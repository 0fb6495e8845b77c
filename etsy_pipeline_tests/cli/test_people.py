"""`etsy-pipeline people` in a terminal: let somebody in, see who may, shut somebody out."""

import re
from contextlib import closing
from pathlib import Path

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.accounts import people
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.cli.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, {}).begun()


def test_somebody_is_let_in_with_a_token_that_is_shown_once_and_shut_out(terminal: Terminal, tmp_path: Path) -> None:
    assert "Nobody yet" in terminal("people", "list")
    told = terminal("people", "add", "Ada Lovelace", "--role", "approve")
    token = re.findall(r"person_[\w-]+", told)[0]
    assert "decides on plans" in told
    assert "Nobody administers there yet" in told
    with closing(wiring.store_of(Settings.load(etsy_pipeline_home=tmp_path / "state"))) as store:
        found = people.with_token(store, token)
    assert found is not None
    assert (found.name, found.role) == ("Ada Lovelace", "approve")
    listed = terminal("people", "list")
    assert ("Ada Lovelace" in listed, "approve" in listed, token in listed) == (True, True, False)
    assert "person_name_taken" in terminal("people", "add", "ada lovelace", status=1)
    assert "is out" in terminal("people", "remove", "Ada Lovelace")
    assert terminal.json("people", "list") == []
    assert "person_not_found" in terminal("people", "remove", "Ada Lovelace", status=2)


def test_somebody_gets_another_role_and_another_token(terminal: Terminal, tmp_path: Path) -> None:
    made = terminal.json("people", "add", "Bob")
    assert "decides on plans" in terminal("people", "role", "Bob", "approve")
    renewed = terminal.json("people", "token", "Bob")
    assert (renewed["name"], renewed["role"]) == ("Bob", "approve")
    with closing(wiring.store_of(Settings.load(etsy_pipeline_home=tmp_path / "state"))) as store:
        assert people.with_token(store, made["token"]) is None
        assert people.with_token(store, renewed["token"]) is not None
    assert "person_not_found" in terminal("people", "token", "Eve", status=2)


def test_programs_get_the_token_as_json(terminal: Terminal) -> None:
    made = terminal.json("people", "add", "Bob")
    assert made["token"].startswith("person_")
    assert (made["name"], made["role"], made["last_seen_at"]) == ("Bob", "look", None)
    assert [person["name"] for person in terminal.json("people", "list")] == ["Bob"]


def test_a_role_that_there_is_not_is_bad_use(terminal: Terminal) -> None:
    assert "administer" in terminal("people", "add", "Bob", "--role", "king", status=2)
