"""Partitions by account: dynamic, kept equal to the active accounts by a sensor.

Dagster: https://docs.dagster.io/guides/build/partitions-and-backfills
"""

from collections.abc import Set as AbstractSet
from typing import NamedTuple

import dagster as dg

accounts_partitions = dg.DynamicPartitionsDefinition(name="etsy_accounts")
ACCOUNTS = "etsy_accounts"


class PartitionChange(NamedTuple):
    """What has to happen for the partitions to equal the accounts."""

    add: frozenset[str]
    remove: frozenset[str]


def partition_change(
    *, active: AbstractSet[str], existing: AbstractSet[str], in_flight: AbstractSet[str]
) -> PartitionChange:
    """Compare accounts with partitions; one that a run still uses is removed later."""
    return PartitionChange(frozenset(active - existing), frozenset(existing - active - in_flight))
