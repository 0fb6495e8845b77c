"""Every fault × every endpoint: what becomes of a product, and that it is on Etsy once when the fault is over.

`UPDATE_DOCS=1 scripts/test -k fault_matrix` writes the table in docs/reliability.md anew.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from etsy_pipeline_tests.conftest import copied
from etsy_pipeline_tests.publishing.fault_matrix import Matrix, cases, table
from etsy_pipeline_tests.publishing.shop import Shop
from etsy_pipeline_tests.world import a_world

pytestmark = [pytest.mark.chaos, pytest.mark.long]

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = (
    "<!-- generated from etsy_pipeline_tests/publishing/fault_matrix.py -->\n",
    "<!-- end of what is generated -->",
)


@pytest.fixture(scope="module")
def matrix(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    folder = tmp_path_factory.mktemp("matrix")
    with a_world(folder) as world, stamina.set_testing(testing=True, attempts=4):
        store = copied(migrated, folder)
        played = Matrix(Shop(world, store, world.connected(store)))
        for case in cases():
            played.outcomes[case] = played.play(case)
        yield played
        store.close()


def test_after_every_fault_the_product_is_on_etsy_once_and_in_the_books(matrix: Matrix) -> None:
    wrong = {
        str(case): found for case, found in matrix.outcomes.items() if found.states != ["active"] or not found.is_synced
    }
    assert wrong == {}, json.dumps(wrong, default=str, indent=1)


def test_a_fault_that_passes_costs_no_product_but_where_etsy_refuses(matrix: Matrix) -> None:
    """Once: a timeout, a 5xx, a lost answer, a short 429, a 409 and a change without effect are all got over."""
    final = ("400", "403", "404", "429, wait an hour")
    lost = {
        str(case): found.told
        for case, found in matrix.outcomes.items()
        if case.is_once and case.fault not in final and "published" not in found.told
    }
    assert list(lost) == [name for name in lost if "createDraftListing" in name and "200, nothing done" in name]


def test_the_table_in_the_documentation_is_what_happens(matrix: Matrix) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    wanted = f"{before}{BEGIN}\n{table(matrix.outcomes)}\n{END}{after}"
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(wanted)
    assert PAGE.read_text() == wanted, "run: UPDATE_DOCS=1 scripts/test -k fault_matrix"
