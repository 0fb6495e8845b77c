"""What most commands start with: settings and the database."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from etsy_pipeline import otel, wiring
from etsy_pipeline.monitoring import report_errors, watch_logs
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store


@contextmanager
def settings_and_store(*, begins: bool = False) -> Iterator[tuple[Settings, Store]]:
    """The settings, and the database until the block ends.

    Only commands that begin something make the embedded database: in a wrong folder the others say so.
    """
    settings = Settings.load()
    watch_logs(settings)
    report_errors(settings)
    otel.begin(settings)
    with closing(wiring.store_of(settings, begins=begins)) as store:
        yield settings, store
