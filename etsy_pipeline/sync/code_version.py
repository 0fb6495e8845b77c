"""Which version of this package is at work, as runs, code servers and commands tell it to one another."""

from functools import cache
from importlib import metadata

from etsy_pipeline.planning.digest import MAPPER_VERSION


@cache
def this_code() -> str:
    """The package's version, and that of the mapping from products to listings: `0.1.0 mapper 2`."""
    return f"{metadata.version('etsy_pipeline')} mapper {MAPPER_VERSION}"
