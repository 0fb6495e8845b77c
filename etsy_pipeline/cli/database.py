"""`etsy-pipeline db`: bringing the database up to date, taking away what is old, and making keys."""

import os
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import typer

from etsy_pipeline import wiring
from etsy_pipeline.cli.output import console, tell
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.errors import PipelineError
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.encryption import new_key as make_key

app = typer.Typer(help="The database: upgrade, clean, keys.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Create the tables, or bring them up to this version. Safe to repeat."""
    settings = Settings.load()
    with closing(wiring.store_of(settings, upgrade=True)) as store:
        version = store.upgrade()
    console.print(f"The database is at version {version}.")


@app.command()
def clean() -> None:
    """Remove what is older than the settings ETSY_PIPELINE_KEEP_…_DAYS, in Dagster's storage as well. Safe to repeat.

    Decisions, outcomes and errors stay, and so does whatever is not over. The job clean_up does the same every night.
    """
    with settings_and_store() as (settings, store):
        for line in wiring.clean_up(settings, store, datetime.now(UTC)):
            tell(line)
    if os.environ.get("DAGSTER_HOME") or Path("dagster.yaml").exists():
        tell(_clean_dagster())
    else:
        tell("Dagster's storage was left: there is no dagster.yaml in this folder, and DAGSTER_HOME is not set.")


def _clean_dagster() -> str:
    """In a process of its own: a command imports no Dagster."""
    command = [sys.executable, "-m", "etsy_pipeline.run_job", "clean_up"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise PipelineError(
            f"Dagster's storage could not be cleaned: {last}",
            code="run_failed",
            hint="Check DAGSTER_HOME, and that its storage can be reached.",
        )
    return done.stdout.strip()


@app.command("new-key")
def new_key() -> None:
    """Print a new key for ETSY_PIPELINE_SECRET_KEY."""
    typer.echo(make_key())


@app.command("rotate-key")
def rotate_key() -> None:
    """Encrypt all tokens with the first key of ETSY_PIPELINE_SECRET_KEY; the other keys can then be taken out."""
    with settings_and_store() as (_, store), store.writing() as session:
        count = accounts.rotate_secrets(session, store.cipher)
    console.print(f"The tokens of {count} accounts are encrypted with the first key.")
