"""`etsy-pipeline accounts` where one shop's stored settings do not fit this version: it is seen, and mended."""

import json
from contextlib import closing
from pathlib import Path

from etsy_pipeline import wiring
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.accounts.unfit import an_unfit_shop
from etsy_pipeline_tests.cli.terminal import Terminal


def test_it_is_listed_shown_and_mended(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {}).begun()
    with closing(wiring.store_of(Settings.load(etsy_pipeline_home=tmp_path / "state"))) as store:
        unfit = an_unfit_shop(store)
    terminal("accounts", "add", "Of today")
    rows = terminal("accounts", "list", env={"COLUMNS": "200"}).splitlines()
    assert [("do not fit this version" in row) for row in rows if "Of to" in row] == [True, False]
    said = " ".join(terminal("accounts", "show", unfit).split())
    assert said.startswith(f"The stored settings of Of tomorrow ({unfit}) cannot be used: ")
    assert '{"rounding": "cubic"}' in said
    said = terminal("accounts", "configure", unfit, "--set", "price.rounding=nearest", status=2)
    assert "--set NAME=null" in " ".join(said.split())
    (tmp_path / "good.json").write_text(json.dumps({"price": {"rounding": "whole"}}))
    terminal("accounts", "configure", unfit, "--file", "good.json", "--set", "from_the_future=null")
    shown = terminal.json("accounts", "show", unfit)
    assert (shown["settings_problem"], shown["settings"]["price"]["rounding"]) == (None, "whole")
