"""`etsy-pipeline doctor`: is everything in place? Each line is one thing, how it stands, and what to do."""

from contextlib import suppress
from dataclasses import asdict

import typer
from rich.text import Text

from etsy_pipeline.checkup import findings
from etsy_pipeline.cli.output import Json, as_json, as_table
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.monitoring import watch_logs
from etsy_pipeline.settings import Settings

SIGNS = {True: Text("ok", "green"), False: Text("!!", "red"), None: Text("--", "yellow")}


def doctor(as_json_: Json = False) -> None:
    """Ask everything whether it works: settings, database, Medusa, Etsy, clock, Dagster, every shop.

    Exit status 1 if something needs you (!!). A line with -- was not asked, or need not be so yet.
    """
    with suppress(PipelineError):  # the first finding tells it
        watch_logs(Settings.load())
    found = list(findings())
    if as_json_:
        as_json([asdict(finding) for finding in found])
    else:
        as_table(("", "what", "how it stands"), ((SIGNS[it.is_good], it.what, it.detail) for it in found), empty="")
    if any(finding.is_good is False for finding in found):
        raise typer.Exit(1)
