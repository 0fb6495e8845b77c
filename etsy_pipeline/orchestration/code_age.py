"""Which code starts a run, on a tag, so that no worker with older code carries it out.

Tables that are newer than the code are refused wherever the database is opened (`store/engine.py`); this one is for
code that writes the same tables and says something else to Etsy.
"""

import re
from collections.abc import Mapping

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.sync.code_version import this_code

CODE_TAG = "etsy_pipeline/code"

Age = tuple[tuple[int, ...], int]


def require_not_older(tags: Mapping[str, str]) -> None:
    """Refuse a run that newer code has started; one that older code has started, or that has no tag, may go on.

    Raises:
        NotConfigured: `worker_outdated`; the run's sync is left for a worker that is up to date.
    """
    theirs, ours = tags.get(CODE_TAG, ""), this_code()
    its, own = _age(theirs), _age(ours)
    if its is not None and own is not None and (own[0] < its[0] or own[1] < its[1]):
        raise NotConfigured(
            f"This worker has etsy_pipeline {ours}; the run was started by {theirs}.",
            code="worker_outdated",
            hint="Upgrade this worker, or stop it: a worker that is up to date goes on with the sync.",
        )


def _age(told: str) -> Age | None:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)*)\S* mapper ([0-9]+)", told)
    return (tuple(int(part) for part in found[1].split(".")), int(found[2])) if found else None
