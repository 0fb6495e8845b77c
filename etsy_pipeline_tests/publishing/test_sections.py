"""Sections of the shop that a plan makes: told, approved, made once, and then known by their ids."""

import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.sync_states import SyncState
from etsy_pipeline.sync import queries
from etsy_pipeline.sync.queries import plan_summary
from etsy_pipeline.wiring import shop_client
from etsy_pipeline_tests.publishing.shop import Shop, one_product
from etsy_pipeline_tests.world import World

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def shop(world: World, store: Store, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop that is connected with the permission to make sections."""
    monkeypatch.setenv("ETSY_SCOPE", "listings_r listings_w shops_r shops_w")
    return Shop(world, store, world.connected(store, make_sections=True, shop_section="Mugs"))


def anew(shop: Shop) -> None:
    """The next plan asks Etsy what the shop is."""
    shop.__dict__.pop("reader", None)


def sections(shop: Shop) -> dict[str, int]:
    client = shop_client(shop.world.settings, shop.store, shop.id)
    return {item.name: item.id for item in client.sections(shop.account.shop_id or 0)}


def section_of(shop: Shop) -> list[int | None]:
    """The sections of the listings on Etsy."""
    sql = "SELECT json_extract(data, '$.shop_section_id') AS id FROM listing ORDER BY listing_id"
    return [row["id"] for row in shop.world.sandbox.state.rows(sql)]


def some_products(shop: Shop, count: int = 3) -> list[str]:
    product_ids = [
        item for case in ("clean", "alt_text_case", "three_options") for item in shop.world.product_ids(case)
    ]
    shop.world.keep_only(*product_ids[:count])
    return product_ids[:count]


def test_a_section_is_told_approved_and_made_once_for_all_that_need_it(shop: Shop) -> None:
    product_ids = some_products(shop)
    job = shop.plan()
    assert plan_summary(job).sections == "In the shop: section 'Mugs' will be made."
    assert "Mugs" not in sections(shop), "nothing is made before it is approved"
    calls = shop.calls_of(job)
    made = sections(shop)["Mugs"]
    assert (calls["createShopSection"], calls["getShopSections"]) == (1, 1)
    assert section_of(shop) == [made] * 3
    published = [shop.link(product_id).published for product_id in product_ids]
    assert [(item.shop_section_id, item.new_section) for item in published if item] == [(made, "")] * 3
    anew(shop)
    again = shop.plan()
    assert (again.state, plan_summary(again).sections) == (SyncState.NOTHING_TO_DO, "")


def test_a_listing_that_is_there_moves_to_a_section_that_is_made(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"shop_section": "New"})
    product_id = one_product(shop)
    shop.sync()
    configure.configure(shop.store, shop.id, {"shop_section": "Bowls"})
    job = shop.plan()
    (change,) = shop.items(job)[0].plan.differences
    assert (change.field, change.new) == ("shop_section", "Bowls")
    assert shop.calls_of(job)["updateListing"] == 1
    assert (section_of(shop), shop.link(product_id).sync_status) == ([sections(shop)["Bowls"]], "synced")
    anew(shop)
    assert shop.plan().state is SyncState.NOTHING_TO_DO


def test_titles_that_differ_in_capitals_are_one_section(shop: Shop) -> None:
    one, other, _ = some_products(shop)
    for product_id, title in ((one, "MUGS"), (other, " mugs ")):
        metadata = {"etsy_taxonomy_id": 891, "etsy_shop_section": title}
        shop.world.medusa("PATCH", f"products/{product_id}", {"set": {"metadata": metadata}})
    job = shop.plan()
    assert plan_summary(job).sections.count("will be made") == 1
    assert shop.calls_of(job)["createShopSection"] == 1
    assert len(set(section_of(shop))) == 1


def test_one_that_somebody_made_meanwhile_is_taken(shop: Shop) -> None:
    one_product(shop)
    job = shop.plan()
    made = shop_client(shop.world.settings, shop.store, shop.id).create_section(shop.account.shop_id or 0, "mugs")
    assert "createShopSection" not in shop.calls_of(job)
    assert section_of(shop) == [made.id]


@pytest.mark.parametrize("kind", ["drop_after", "fail_after"])
def test_a_lost_answer_makes_no_second_one(shop: Shop, kind: str) -> None:
    one_product(shop)
    shop.fault(operation="createShopSection", kind=kind, times=1)
    job = shop.sync()
    assert (job.error_log, list(sections(shop))) == ({}, ["New", "Mugs"])
    assert section_of(shop) == [sections(shop)["Mugs"]]


def test_where_nothing_was_made_the_product_waits_and_nothing_is_sent(shop: Shop) -> None:
    one_product(shop)
    shop.fault(operation="createShopSection", kind="drop_before", times=1)
    paused = shop.sync()
    assert (paused.state, shop.world.listings()) == (SyncState.PAUSED, [])
    done = shop.publish(paused)
    assert (done.error_log, section_of(shop)) == ({}, [sections(shop)["Mugs"]])


def test_a_shop_that_filled_up_meanwhile_fails_these_products_before_anything_is_sent(shop: Shop) -> None:
    product_id = one_product(shop)
    job = shop.plan()
    client = shop_client(shop.world.settings, shop.store, shop.id)
    for number in range(19):
        client.create_section(shop.account.shop_id or 0, f"Section {number}")
    shop.approve(job)
    job = shop.publish(job)
    assert "The section 'Mugs' has to be made, and the shop has 20 already" in job.error_log[product_id]
    assert shop.world.listings() == []
    anew(shop)
    assert shop.items(shop.plan())[0].plan.error_code == "shop_sections_full"


def test_a_publisher_that_goes_on_knows_the_section_that_was_made_before(shop: Shop) -> None:
    """Its look at Medusa says the section is there; the plan says it has to be made: that is the same."""
    some_products(shop)
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="updateListing", kind="fail_after")
    paused = shop.publish(job)
    assert paused.state is SyncState.PAUSED
    anew(shop)
    shop.world.etsy("DELETE", "faults")
    done = shop.publish(queries.job(shop.store, paused.transaction_id))
    assert (done.state, done.error_log) == (SyncState.COMPLETED, {})
    assert section_of(shop) == [sections(shop)["Mugs"]] * 3
    assert shop.world.calls()["createShopSection"] == 1


def test_so_does_one_that_goes_on_with_a_listing_that_was_there(shop: Shop) -> None:
    """What Etsy has by then is the section that the plan wanted made: no edit of somebody else's."""
    configure.configure(shop.store, shop.id, {"shop_section": "New"})
    product_id = one_product(shop)
    shop.sync()
    configure.configure(shop.store, shop.id, {"shop_section": "Bowls"})
    job = shop.plan()
    shop.approve(job)
    shop.fault(operation="updateListing", kind="fail_after")
    assert shop.publish(job).state is SyncState.PAUSED
    anew(shop)
    shop.world.etsy("DELETE", "faults")
    done = shop.publish(queries.job(shop.store, job.transaction_id))
    assert (done.error_log, shop.link(product_id).sync_status) == ({}, "synced")
    assert section_of(shop) == [sections(shop)["Bowls"]]


def test_the_digest_covers_the_section(shop: Shop) -> None:
    one_product(shop)
    first = shop.plan().plan_digest
    configure.configure(shop.store, shop.id, {"shop_section": "Bowls"})
    assert shop.plan().plan_digest != first


def test_a_shop_that_wants_none_to_be_made_gets_none(shop: Shop) -> None:
    configure.configure(shop.store, shop.id, {"make_sections": False})
    one_product(shop)
    assert shop.items(shop.plan())[0].plan.error_code == "shop_section_unknown"
    assert "createShopSection" not in shop.world.calls()
