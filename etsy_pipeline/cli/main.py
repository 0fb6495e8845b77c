"""The `etsy-pipeline` command: groups of commands, and one place where errors become messages and exit statuses.

Exit status: 0 done · 1 failed · 2 bad use.
"""

import logging
from importlib import metadata
from typing import Annotated, Any

import stamina
import typer
from typer.core import TyperGroup

from etsy_pipeline.cli import (
    accounts,
    activity,
    api,
    database,
    demo,
    doctor,
    links,
    orders,
    people,
    sandbox,
    shop,
    sync,
    up,
)
from etsy_pipeline.cli.output import tell
from etsy_pipeline.errors import BadRequest, Conflict, PipelineError
from etsy_pipeline.logs import PACKAGE
from etsy_pipeline.monitoring import report_unexpected

FAILED, BAD_USE = 1, 2


class Commands(TyperGroup):
    """All commands; an expected error becomes a message and an exit status, never a stack trace."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The options of `etsy-pipeline` itself."""
        return _without_types_of_flags(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command, or a group of some."""
        found = super().get_command(ctx, cmd_name)
        for command in (found, *getattr(found, "commands", {}).values()) if found else ():
            _without_types_of_flags(command.get_params(ctx))
        return found

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            tell(f"Error: {error.message}", err=True, color="red")
            if error.hint:
                tell(f"  → {error.hint}", err=True)
            typer.echo(f"  [{error.code}]", err=True)
            is_bad_use = isinstance(error, BadRequest) and not isinstance(error, Conflict)
            raise typer.Exit(BAD_USE if is_bad_use else FAILED) from None
        except Exception as error:
            if not _is_an_end(error):
                report_unexpected(error, command=ctx.invoked_subcommand)
            raise


def _without_types_of_flags(params: list[Any]) -> list[Any]:
    """What is on or off takes no value: `--help` shall not show `<bool>` beside it."""
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params


def _is_an_end(error: Exception) -> bool:
    """Whether a command ended as it should: with an exit status, bad use, Ctrl-C, or a reader that has gone."""
    return hasattr(error, "exit_code") or isinstance(error, (typer.Abort, BrokenPipeError))


app = typer.Typer(
    name="etsy-pipeline",
    cls=Commands,
    help="Publishes a MedusaJS catalogue to Etsy: planned, approved by a person, published exactly once.",
    epilog="The term 'Etsy' is a trademark of Etsy, Inc. This Application uses Etsy's API, but is not endorsed or "
    "certified by Etsy.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"etsy-pipeline {metadata.version('etsy_pipeline')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Publishes a MedusaJS catalogue to Etsy: planned, approved by a person, published exactly once."""
    del version


app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("sandbox")(sandbox.sandbox)
app.command("doctor")(doctor.doctor)
app.command("api")(api.api)
app.command("activity")(activity.activity)
app.add_typer(accounts.app, name="accounts")
app.add_typer(sync.app, name="sync")
app.add_typer(links.app, name="links")
app.add_typer(shop.app, name="shop")
app.add_typer(orders.app, name="orders")
app.add_typer(people.app, name="people")
app.add_typer(database.app, name="db")


def run() -> None:
    """The entry point."""
    stamina.instrumentation.set_on_retry_hooks(())  # a person waits a moment; only the outcome is worth a line
    logging.getLogger(PACKAGE).addHandler(logging.NullHandler())  # nor does a log that nobody asked for stand before it
    app()


if __name__ == "__main__":
    run()
