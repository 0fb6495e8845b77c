"""Who types a command: what is decided or changed is noted with their name."""

import getpass
from typing import Annotated

import typer

from etsy_pipeline.store.activity import Doer

THROUGH = "cli"
NOBODY_NAMED = "somebody in a terminal"

By = Annotated[
    str | None, typer.Option(help="Who does it, as it is noted; default: the signed-in user.", metavar="NAME")
]


def name_of(by: str | None) -> str:
    """The name that was given, or the signed-in user's; in a container there may be none."""
    if by and by.strip():
        return by.strip()
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return NOBODY_NAMED


def doer(by: str | None) -> Doer:
    """Who does something in a terminal."""
    return Doer(name_of(by), THROUGH)
