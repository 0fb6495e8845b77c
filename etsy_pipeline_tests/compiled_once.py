"""Each test opens a database of its own; its statements are compiled as if all of them were opened by one engine."""

from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine import create_engine

from etsy_pipeline.store import engine


def statements_are_compiled_once(patch: pytest.MonkeyPatch) -> None:
    """From now on the store's engines of a kind share what was compiled, which takes longer than the statements."""
    first: dict[str, Engine] = {}

    def sharing(url: Any, **options: Any) -> Engine:
        made = create_engine(url, **options)
        kind = made.dialect.name
        if kind in first:
            made.dialect, made._compiled_cache = first[kind].dialect, first[kind]._compiled_cache
        else:  # what the server can do is known once one is connected
            event.listen(made, "connect", lambda *_: first.setdefault(kind, made), once=True)
        return made

    patch.setattr(engine, "create_engine", sharing)
