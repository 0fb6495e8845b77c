"""`etsy-pipeline db`: bringing the database up to date, and making keys."""

from contextlib import closing

import typer

from etsy_pipeline import wiring
from etsy_pipeline.cli.output import console
from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.settings import Settings
from etsy_pipeline.store import accounts
from etsy_pipeline.store.encryption import new_key as make_key

app = typer.Typer(help="The database: upgrade, keys.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Create the tables, or bring them up to this version. Safe to repeat."""
    settings = Settings.load()
    with closing(wiring.store_of(settings, upgrade=True)) as store:
        version = store.upgrade()
    console.print(f"The database is at version {version}.")


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
