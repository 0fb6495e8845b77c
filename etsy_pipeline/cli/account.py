"""Which account a command is about: it is given by its id, or by the name that it or its shop has."""

from typing import Annotated

import typer

from etsy_pipeline.cli.settings_and_store import settings_and_store
from etsy_pipeline.store import accounts


def account_id_of(ctx: typer.Context, given: str | None) -> str | None:
    """The id of the account that was given; what looks like an id is taken for one.

    Raises:
        NotFound: `account_not_found`.
        BadRequest: `account_name_ambiguous`.
    """
    if given is None or given.startswith(accounts.ID_BEGINS) or ctx.resilient_parsing:
        return given
    with settings_and_store() as (_, store), store.reading() as session:
        return accounts.called(session, given).id


AccountId = Annotated[
    str, typer.Argument(help="The account's id, etsy_acc_…, or its name.", metavar="ACCOUNT", callback=account_id_of)
]
OfAccount = Annotated[
    str | None, typer.Option("--account", help="Only of this account, by id or name.", callback=account_id_of)
]
