"""A shop whose database is copied, put back, lost and shared: what a person does by hand, for drills."""

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from etsy_pipeline import wiring
from etsy_pipeline.listings.identifying import identified
from etsy_pipeline.publishing.outcomes import Progress
from etsy_pipeline.settings import Settings
from etsy_pipeline.shop.recover import Recovered, recover
from etsy_pipeline.store import holds
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import EtsySyncJob
from etsy_pipeline_tests.embedded import begin
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import World

PRODUCTS = 12


class Killed(BaseException):
    """Stands for a SIGKILL."""


def copied(store: Store, to: Path) -> Path:
    """A backup of a SQLite database, made while it is in use."""
    source = Path(str(store.engine.url.database))
    with closing(sqlite3.connect(source)) as database, closing(sqlite3.connect(to)) as copy:
        database.backup(copy)
    return to


def put_back(store: Store, backup: Path) -> None:
    """The database is the backup again, whatever it was."""
    place = Path(str(store.engine.url.database))
    store.close()
    for suffix in ("-wal", "-shm"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, place)


def settings_of_drill(world: World, folder: Path) -> Settings:
    """Settings of an installation of its own: its database and its fences lie below a folder."""
    outside = str(folder / "outside" / "fence.json")
    changed = {"etsy_pipeline_home": folder / "state", "etsy_pipeline_fence": outside}
    return world.settings.model_copy(update=changed)


def opened(world: World, folder: Path) -> Store:
    """The database of an installation, which is made where there is none."""
    settings = settings_of_drill(world, folder)
    return wiring.store_of(settings if settings.embedded_database.exists() else begin(settings))


def codes_of_holds(shop: Shop) -> list[str]:
    """What holds the account."""
    with shop.store.reading() as session:
        return [hold.code for hold in holds.of(session, shop.id)]


def twice(shop: Shop) -> list[str]:
    """Titles that more than one listing has."""
    return [title for title, count in Counter(item["title"] for item in shop.world.listings()).items() if count > 1]


def publish_until(shop: Shop, job: EtsySyncJob, done: int) -> None:
    """Publish, and die when so many products were sent."""

    def die(progress: Progress) -> None:
        if progress.done == done:
            raise Killed

    try:
        shop.publish(job, on_progress=die, at_once=1)
    except Killed:
        return
    raise AssertionError("it came to its end")


def recovered(shop: Shop) -> Recovered:
    """`etsy-pipeline accounts recover`."""
    with closing(wiring.shop_client(shop.world.settings, shop.store, shop.id)) as client:
        products = [identified(item) for item in shop.products()]
        return recover(shop.store, client, shop.id, products, decided_by="Ada", through="cli")
