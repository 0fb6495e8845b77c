"""By what Medusa sorts products: categories with those above them, type, collection, sales channels; and choosing by it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from etsy_pipeline.catalogue.category_tree import FIELDS, category_tree
from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.patience import Patience
from etsy_pipeline.catalogue.product import Product, parse_product
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.told import TOLD
from etsy_pipeline.errors import NeedsPerson, NotConfigured, PipelineError
from etsy_pipeline_tests.catalogue.medusa_server import SmallMedusa, running


def a_category(name: str, above: str | None = None, **metadata: Any) -> dict[str, Any]:
    return {"id": f"pcat_{name}", "name": name, "parent_category_id": above and f"pcat_{above}", "metadata": metadata}


HOME = [a_category("Home"), a_category("Kitchen", "Home", etsy_taxonomy_id=1), a_category("Mugs", "Kitchen")]


def a_mug(**changes: Any) -> dict[str, Any]:
    return {
        "id": "prod_1", "title": "Mug", "status": "published", "images": [], "variants": [],
        **dict.fromkeys(TOLD[1:]), "categories": [HOME[2]],
        "type": {"id": "ptyp_1", "value": "Ceramics", "metadata": None},
        "collection": {"id": "pcol_1", "title": "Spring", "metadata": {"etsy_taxonomy_id": 7}},
        **changes,
    }  # fmt: skip


@pytest.fixture
def medusa() -> Iterator[SmallMedusa]:
    with running(SmallMedusa([a_mug()])) as server:
        server.categories = (200, json.dumps({"product_categories": HOME, "count": len(HOME)}))
        yield server


def read(server: SmallMedusa, **selection: Any) -> Product:
    catalogue = MedusaCatalogue(server.url, "sk_key", patience=Patience(0))
    return next(catalogue.pages(Selection(**selection))).products[0]


def test_a_product_knows_its_categories_with_those_above_them(medusa: SmallMedusa) -> None:
    product = read(medusa)
    assert [item.name for item in product.categories] == ["Mugs"]
    assert [item.name for item in product.categories[0].parents] == ["Kitchen", "Home"]
    assert product.categories[0].parents[0].metadata == {"etsy_taxonomy_id": 1}
    assert Product.model_validate_json(product.model_dump_json()) == product


def test_a_product_knows_its_type_and_collection(medusa: SmallMedusa) -> None:
    product = read(medusa)
    assert product.type
    assert product.collection
    assert (product.type.name, product.collection.name) == ("Ceramics", "Spring")
    assert product.collection.metadata == {"etsy_taxonomy_id": 7}
    assert product.not_told == ()


def test_only_categories_below_others_ask_for_the_tree(medusa: SmallMedusa) -> None:
    medusa.products = [a_mug(categories=[HOME[0]])]
    medusa.categories = (500, "")
    assert read(medusa).categories[0].parents == ()


@pytest.mark.parametrize(
    "answer",
    [
        (403, "{}"),
        (404, "<h1>no</h1>"),
        (200, json.dumps({"product_categories": ["what?"], "count": 1})),
        (200, json.dumps({"product_categories": [HOME[2]], "count": 1})),
    ],
    ids=["forbidden", "unknown", "nonsense", "without those above"],
)
def test_what_is_above_a_category_and_is_not_shown_is_said_to_be_not_told(
    medusa: SmallMedusa, answer: tuple[int, str]
) -> None:
    medusa.categories = answer
    assert read(medusa).not_told == ("the categories above Mugs",)


def test_a_type_or_collection_that_medusa_leaves_out_is_said_to_be_not_told() -> None:
    raw = a_mug(categories=[])
    del raw["type"], raw["collection"]
    assert parse_product(raw).not_told == ("type", "collection")
    assert parse_product(a_mug(categories=[], type=None, collection=None)).not_told == ()


@pytest.mark.parametrize(("channels", "is_in_one"), [([{"id": "sc_1"}], True), ([], False), (None, False)])
def test_a_product_knows_whether_it_is_in_a_sales_channel(channels: Any, is_in_one: bool) -> None:  # noqa: FBT001
    assert parse_product(a_mug(categories=[], sales_channels=channels)).is_in_sales_channel is is_in_one


def test_choosing_a_category_chooses_those_below_it(medusa: SmallMedusa) -> None:
    """Medusa's own filter takes a category alone (docs/medusa-facts.md §14)."""
    read(medusa, category_ids=("pcat_Kitchen",), type_ids=("ptyp_1",))
    asked = medusa.asked[0]
    assert (asked["category_id[]"], asked["type_id[]"]) == (["pcat_Kitchen", "pcat_Mugs"], ["ptyp_1"])


@pytest.mark.parametrize(
    ("answer", "error"), [((403, "{}"), NeedsPerson), ((200, '{"product_categories": 1, "count": 1}'), NotConfigured)]
)
def test_a_category_is_not_chosen_from_a_tree_that_is_not_shown(
    medusa: SmallMedusa, answer: tuple[int, str], error: type[PipelineError]
) -> None:
    """Its sub-categories would be missing, and their listings deactivated."""
    medusa.categories = answer
    with pytest.raises(error):
        read(medusa, category_ids=("pcat_Kitchen",))
    assert medusa.asked == []


def test_a_tree_that_bites_its_tail_has_an_end() -> None:
    tree = category_tree([a_category("A", "B"), a_category("B", "A")])
    assert [item.name for item in tree.parents("pcat_A") or ()] == ["B", "A"]
    assert tree.with_those_below(["pcat_A"]) == ("pcat_A", "pcat_B")


def test_the_tree_is_asked_for_with_what_it_needs() -> None:
    assert set(FIELDS.split(",")) == {"id", "name", "metadata", "parent_category_id"}
