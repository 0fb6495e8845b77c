"""Two workers on machines of their own. `CONTRIBUTING.md` says how to run this; nothing here runs by itself."""

from collections.abc import Iterator

import pytest

from etsy_pipeline_tests.distributed.hosts import missing
from etsy_pipeline_tests.distributed.scene import Scene, a_scene
from etsy_pipeline_tests.snapshots.object_server import bucket, object_server


@pytest.fixture(scope="session", autouse=True)
def on_demand(request: pytest.FixtureRequest) -> None:
    """Only where it was asked for, and what it needs is there."""
    if request.config.getoption("-m") != "distributed":
        pytest.skip("starts servers: only with -m distributed")
    if lacking := missing():
        pytest.skip(f"needs {', '.join(lacking)}")


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything is up, with snapshots in an object store. The tests follow one another in the same world."""
    folder = tmp_path_factory.mktemp("distributed")
    with object_server(folder) as address:
        bucket(address, "snapshots")
        place = {
            "ETSY_PIPELINE_SNAPSHOTS": f"s3://snapshots/here?endpoint={address}&region=us-east-1",
            "AWS_ACCESS_KEY_ID": "anybody",
            "AWS_SECRET_ACCESS_KEY": "anything",
        }
        with a_scene(folder, more=place) as made:
            yield made
