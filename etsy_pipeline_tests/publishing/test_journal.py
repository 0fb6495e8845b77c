"""The journal of one publication: what is kept together, in which order, and what stays right where a try fails."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from etsy_pipeline.errors import StoreUnavailable
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.planning.link import PublishedImage
from etsy_pipeline.publishing.item_in_progress import ItemInProgress
from etsy_pipeline.publishing.journal import Journal
from etsy_pipeline.publishing.lease import Lease
from etsy_pipeline.store import links
from etsy_pipeline.sync import lifecycle
from etsy_pipeline.sync.lifecycle import Event
from etsy_pipeline_tests.publishing.shop import Shop, one_product

PICTURE = ListingImage("http://pictures.test/1.png", "A mug")


@pytest.fixture
def journal(shop: Shop) -> Journal:
    """Of a publication of one new product that has begun."""
    one_product(shop)
    job = shop.approve(shop.plan())
    lease = Lease(shop.store, shop.id, "full")
    with shop.store.writing() as session:
        lease.take(session, job, "run_1")
        job = lifecycle.move(session, job, Event.BEGIN_PUBLICATION, who="publisher", publish_run_id="run_1")
    return Journal(shop.store, job, lease)


@pytest.fixture
def work(journal: Journal) -> ItemInProgress:
    (found,) = journal.take_up(journal.waiting())
    return found


def pictures(shop: Shop, work: ItemInProgress) -> dict[int, int]:
    """Etsy's ids by rank, as the books have them."""
    with shop.store.reading() as session:
        found = links.images_of(session, shop.id, [work.product_id]).get(work.product_id, {})
    return {rank: image.etsy_image_id for rank, image in found.items()}


def test_what_was_there_is_kept_with_the_first_try_that_the_books_know_of(
    shop: Shop, journal: Journal, work: ItemInProgress, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_values: object) -> None:
        raise StoreUnavailable("Away.", code="database_unreachable", hint="")

    with monkeypatch.context() as patched:
        patched.setattr(Lease, "standing", away)
        with pytest.raises(StoreUnavailable):
            journal.begin(work, "create")
    assert (shop.items(journal.job)[0].step, shop.items(journal.job)[0].before) == ("", None)
    journal.begin(work, "create")
    first = shop.items(journal.job)[0]
    assert (first.step, first.before is None, first.before) == ("create", False, work.item.before)
    work.state = "active"
    journal.begin(work, "inventory")
    assert shop.items(journal.job)[0].before == first.before, "what was there before all tries"


def test_a_picture_that_etsy_tells_with_an_id_that_we_know_is_at_its_new_rank_only(
    shop: Shop, journal: Journal, work: ItemInProgress
) -> None:
    journal.image_uploaded(work, 1, PICTURE, "one", 77)
    journal.keep(work)
    journal.image_uploaded(work, 2, PICTURE, "one", 77)
    journal.image_uploaded(work, 3, PICTURE, "three", 79)
    journal.image_uploaded(work, 3, PICTURE, "other", 80)
    journal.keep(work)
    assert pictures(shop, work) == {2: 77, 3: 80} == ids_of(work)
    (again,) = journal.take_up([work.product_id])
    assert again.images == work.images, "the next publisher knows as much"
    before = again.images[3]
    journal.text_put(again, before, PublishedImage(9, PICTURE.url, "other", 77, "Another text"))
    journal.keep(again)
    assert pictures(shop, again) == {3: 77} == ids_of(again)


def ids_of(work: ItemInProgress) -> dict[int, int]:
    return {rank: image.etsy_image_id for rank, image in work.images.items()}


def test_several_products_are_kept_in_the_order_of_all_who_lock_their_links(journal: Journal) -> None:
    order: list[str] = []

    def a_work(product_id: str) -> Any:
        return SimpleNamespace(product_id=product_id, writes=[lambda _: order.append(product_id)], has_progressed=False)

    journal.keep(*(cast(ItemInProgress, a_work(name)) for name in ("prod_c", "prod_B", "prod_a")))
    assert order == ["prod_B", "prod_a", "prod_c"]
