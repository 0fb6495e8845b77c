"""What a reviewer sees first, what is told once for many products, and how one of thousands is found and looked at."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from etsy_pipeline.accounts import configure
from etsy_pipeline.listings.codec import listing_to_json
from etsy_pipeline.listings.identity import ProductIdentity, VariantIdentity
from etsy_pipeline.listings.listing import ListingImage
from etsy_pipeline.listings.rules import verdict
from etsy_pipeline.listings.verdict import ValidatedListing, Verdict
from etsy_pipeline.store import accounts, clock, jobs, progress, seen_listings, signs_of_life
from etsy_pipeline.store.engine import Store
from etsy_pipeline.store.records import AccountHold
from etsy_pipeline.sync import holds, queries
from etsy_pipeline_tests.api.planned import a_connected_account
from etsy_pipeline_tests.api.visitor import Visitor
from etsy_pipeline_tests.builders import a_listing, a_product, a_product_with, validated
from etsy_pipeline_tests.conftest import ON_SQLITE
from etsy_pipeline_tests.looked import NEVER, looked_through
from etsy_pipeline_tests.sync.planned import absent, planned

PROFILE, PROCESSING = verdict("shipping_profile_missing"), verdict("processing_profile_missing")
TITLE = verdict("title_too_long", length=200, limit=140)
PICTURE = "https://cdn.test/bowl.jpg"


def wrong(product_id: str, *verdicts: Verdict, title: str = "Bowl", sku: str = "") -> ValidatedListing:
    """A product that breaks rules; it has a picture in Medusa."""
    identity = ProductIdentity("bowl", (VariantIdentity("variant_1", sku),), image_url=PICTURE)
    return ValidatedListing(product_id, title, None, verdicts, identity=identity)


def right(product_id: str, title: str = "Stoneware Mug") -> ValidatedListing:
    return validated(a_product(id=product_id, title=title))


def plan_of(store: Store, *products: ValidatedListing) -> str:
    """A sync of a shop of its own with this plan."""
    with store.reading() as session:
        known = accounts.every(session)
    account_id = known[0].id if known else a_connected_account(store)
    with store.reading() as session:
        account = accounts.get(session, account_id)
    return planned(store, account, validated=list(products)).transaction_id


def products_on(page: httpx.Response) -> Sequence[str]:
    return re.findall(r'<span class="small"><code>(prod_\w+)</code>', page.text)


def tabs_on(visitor: Visitor) -> dict[str, int]:
    """The parts of the plan with their counts."""
    found = re.findall(r'name="only" value="(\w*)"[^>]*>[^<]*<span class="count">([\d,]+)', visitor.page.text)
    return {show: int(count.replace(",", "")) for show, count in found}


def test_what_the_whole_shop_lacks_is_told_once_and_products_wait_behind_it(visitor: Visitor, store: Store) -> None:
    lacking = [wrong(f"prod_w{number}", PROFILE, PROCESSING) for number in range(3)]
    transaction_id = plan_of(store, right("prod_0"), *lacking, wrong("prod_t", TITLE, PROFILE))
    page = visitor.open(f"/review/{transaction_id}")
    assert products_on(page) == ["prod_0"], "what is sent stands first"
    assert visitor.text.count("4 products wait for a shipping profile.") == 1
    assert visitor.text.count("3 products wait for a processing profile.") == 1
    assert "No shipping profile is set" not in visitor.text
    assert "Choose the shipping profile" in visitor.text
    assert tabs_on(visitor) == {"": 1, "create": 1, "invalid": 1, "waits": 3}
    waiting = visitor.move(only="waits")
    assert set(products_on(waiting)) == {"prod_w0", "prod_w1", "prod_w2"}
    assert "accounts configure" not in visitor.text, "no card says again what to do"


@ON_SQLITE
def test_what_was_lacking_and_is_there_by_now_says_to_sync_again(visitor: Visitor, store: Store) -> None:
    transaction_id = plan_of(store, wrong("prod_w", PROFILE))
    with store.reading() as session:
        account_id = jobs.get(session, transaction_id).etsy_account_id
    configure.configure(store, account_id, {"shipping_profile": 11})
    visitor.open(f"/review/{transaction_id}")
    assert "It is chosen by now: sync again." in visitor.text
    visitor.send("/review/sync")
    assert "Its plan is being drawn up" in visitor.text


def test_a_shop_that_nobody_has_looked_through_is_looked_through_from_the_page(visitor: Visitor, store: Store) -> None:
    transaction_id = plan_of(store, wrong("prod_w", verdict("shop_not_scanned", scan=NEVER)))
    with store.reading() as session:
        account_id = jobs.get(session, transaction_id).etsy_account_id
    visitor.open(f"/review/{transaction_id}")
    assert "1 product waits for a look through the shop." in visitor.text
    assert "shop scan" not in visitor.text, "nothing needs a terminal"
    visitor.send(f"/review/accounts/{account_id}/scan")
    assert visitor.page.url.path == f"/review/{transaction_id}", "back where it was pressed"
    assert "asked for; Dagster begins it" in visitor.text
    with store.writing() as session:
        scan_id = seen_listings.begin(session, account_id, clock.now(session))
    visitor.open(f"/review/{transaction_id}")
    assert "is being looked through now" in visitor.text
    with store.writing() as session:
        seen_listings.fail(session, scan_id, calls=1, problem="Etsy gave no answer.")
    visitor.open(f"/review/{transaction_id}")
    assert "The last look through the shop failed: Etsy gave no answer." in visitor.text
    looked_through(store, account_id)
    visitor.open(f"/review/{transaction_id}")
    assert "The shop was looked through meanwhile: sync again." in visitor.text
    visitor.open(f"/review/accounts/{account_id}")
    assert "The shop was looked through: 0 listings." in visitor.text


def test_what_cannot_be_published_is_grouped_by_reason_with_one_hint_and_its_remedy(
    visitor: Visitor, store: Store
) -> None:
    tags = [verdict("tag_too_long", tag=f"a very long tag {number}", length=30, limit=20) for number in range(3)]
    long = [wrong(f"prod_t{number}", TITLE) for number in range(4)]
    transaction_id = plan_of(store, *long, wrong("prod_x", *tags))
    visitor.open(f"/review/{transaction_id}", show="invalid")
    assert re.search(r"Title too long 4 .*A tag is too long 1 ", visitor.text), "most products first"
    assert "Cut long titles at a word" in visitor.text
    assert "setting=truncate_title&amp;value=true" in visitor.page.text
    assert set(products_on(visitor.open(f"/review/{transaction_id}", show="invalid", why="title_too_long"))) == {
        f"prod_t{number}" for number in range(4)
    }
    visitor.open(f"/review/{transaction_id}", q="prod_x")
    assert visitor.text.count("Shorten it, choose with metadata etsy_tags") == 1, "the same hint once"
    assert visitor.text.count("a very long tag") == 3


def test_a_group_is_downloaded_for_a_spreadsheet(visitor: Visitor, store: Store) -> None:
    evil = wrong("prod_e", TITLE, title="=HYPERLINK(1)", sku="BOWL-1")
    transaction_id = plan_of(store, evil, wrong("prod_w", PROFILE), right("prod_0"))
    answer = visitor.open(f"/review/{transaction_id}/products.csv", show="invalid", why="title_too_long")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["product_id"], row["title"], row["skus"]) for row in rows] == [
        ("prod_e", "'=HYPERLINK(1)", "BOWL-1")
    ], "a spreadsheet carries nothing out"
    assert (rows[0]["codes"], "200 characters" in rows[0]["told"]) == ("title_too_long", True)


@ON_SQLITE
def test_an_invalid_product_has_the_picture_that_it_has_in_medusa(visitor: Visitor, store: Store) -> None:
    transaction_id = plan_of(store, wrong("prod_t", TITLE))
    visitor.open(f"/review/{transaction_id}", show="invalid")
    assert f'<img src="{PICTURE}"' in visitor.page.text
    assert "no picture" not in visitor.page.text
    visitor.open("/review/products")
    assert f'<img src="{PICTURE}"' in visitor.page.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("blue", {"prod_1"}),
        ("BLUE bo", {"prod_1"}),
        ("bowl-7", {"prod_1"}),
        ("prod_2", {"prod_2"}),
        ("mug", {"prod_2", "prod_3"}),
        ("100%", {"prod_3"}),
        ("_", {"prod_1", "prod_2", "prod_3"}),
        ("nowhere", set()),
    ],
)
def test_products_of_a_plan_are_found_by_title_sku_and_id(
    visitor: Visitor, store: Store, text: str, found: set[str]
) -> None:
    unlike = wrong("prod_1", TITLE, title="Blue Bowl", sku="BOWL-7")
    transaction_id = plan_of(store, unlike, right("prod_2"), right("prod_3", "Mug, 100% clay"))
    assert set(products_on(visitor.open(f"/review/{transaction_id}", q=text))) == found


def test_filters_stay_in_the_address_from_page_to_page(visitor: Visitor, store: Store) -> None:
    transaction_id = plan_of(store, *(right(f"prod_{number}") for number in range(60)), right("prod_x", "Plate"))
    visitor.open(f"/review/{transaction_id}", show="create", q="stoneware")
    visitor.move(to="50", leave=[])
    query = visitor.page.url.params
    assert (query["show"], query["q"], query["offset"]) == ("create", "stoneware", "50")
    assert len(products_on(visitor.page)) == 10


def test_a_product_is_looked_at_as_buyers_will_see_it_and_left_out_from_there(visitor: Visitor, store: Store) -> None:
    transaction_id = plan_of(store, validated(a_product_with(id="prod_v", title="Cup")), right("prod_0"))
    page = visitor.open(f"/review/{transaction_id}")
    address = re.findall(r'<h3[^>]*><a href="([^"]+)"[^>]*>Cup</a>', page.text)[0].replace("&amp;", "&")
    visitor.open(address)
    for told in ("As it will be", "Not on Etsy yet", "29.99 USD", "Size", "Red", "Thrown by hand.", "stoneware", "Cup"):
        assert told in visitor.text
    assert "SKU S-Red" in visitor.text
    position = re.search(r"/products/(\d+)", address)
    assert position is not None
    visitor.move_to(f"/review/{transaction_id}", leave=position.group(1))
    assert visitor.fields(f"/review/{transaction_id}")["leave"] == [position.group(1)]
    visitor.move(to="decide", leave=[position.group(1)])
    assert visitor.fields(f"/review/{transaction_id}/approve")["left_out"].split() == ["prod_v"]


@ON_SQLITE
def test_what_was_published_stands_beside_what_it_will_be(visitor: Visitor, store: Store) -> None:
    transaction_id = plan_of(store, right("prod_0"), wrong("prod_1", TITLE))
    for position in (0, 1):
        assert visitor.open(f"/review/{transaction_id}/products/{position}").status_code == 200
    assert "The title has 200 characters" in visitor.text
    assert "Nothing is sent until it is corrected" in visitor.text
    assert visitor.open(f"/review/{transaction_id}/products/7").status_code == 404
    assert visitor.open(f"/review/{transaction_id}/products/x").status_code == 422


@ON_SQLITE
def test_from_one_product_one_goes_on_to_the_next_of_the_list(visitor: Visitor, store: Store) -> None:
    transaction_id = plan_of(store, *(right(f"prod_{number}") for number in range(3)), wrong("prod_w", PROFILE))
    visitor.open(f"/review/{transaction_id}/products/0", show="create", at="0")
    seen = []
    for _ in range(5):
        seen.append(re.findall(r"<code>(prod_\w+)</code>", visitor.page.text)[0])
        onward = re.findall(r'href="([^"]+)" data-next', visitor.page.text)
        if not onward:
            break
        visitor.open(onward[0].replace("&amp;", "&"))
    assert seen == ["prod_0", "prod_1", "prod_2"]
    assert "data-previous" in visitor.page.text


def test_a_sync_is_asked_for_on_the_page_once_however_often_the_button_is_pressed(
    visitor: Visitor, store: Store
) -> None:
    a_connected_account(store)
    visitor.open("/review/")
    assert "No sync yet" in visitor.text
    form = visitor.fields("/review/sync")
    for _ in range(2):
        answer = visitor.client.post("/review/sync", data=form)
        assert "Its plan is being drawn up" in answer.text
    found = queries.latest_jobs(store)
    assert [(job.trigger, job.requested_selection) for job in found] == [("ui", None)]


def test_chosen_products_of_several_shops_are_synced_each_in_its_own(visitor: Visitor, store: Store) -> None:
    first, second = a_connected_account(store, 7), a_connected_account(store, 8)
    visitor.open("/review/")
    csrf = visitor.fields("/review/sync")["csrf"]
    chosen = [f"{first} prod_1", f"{first} prod_2", f"{second} prod_1"]
    visitor.page = visitor.client.post("/review/sync", data={"csrf": csrf, "what": "chosen", "chosen": chosen})
    assert "2 syncs were asked for" in visitor.text
    asked = {job.etsy_account_id: job.requested_selection for job in queries.latest_jobs(store)}
    assert {key: selection.product_ids for key, selection in asked.items() if selection} == {
        first: ("prod_1", "prod_2"),
        second: ("prod_1",),
    }
    answer = visitor.client.post("/review/sync", data={"csrf": csrf, "what": "chosen"})
    assert (answer.status_code, "no_products" in answer.text) == (400, True)
    typed = {"csrf": csrf, "what": "chosen", "account": first, "product_ids": "prod_8\r\nprod_9"}
    visitor.client.post("/review/sync", data=typed)
    newest = queries.latest_jobs(store)[0].requested_selection
    assert newest is not None
    assert newest.product_ids == ("prod_8", "prod_9")


def test_products_are_found_by_title_and_sku_and_counted_by_status(visitor: Visitor, store: Store) -> None:
    account_id = a_connected_account(store)
    published = listing_to_json(a_listing(images=(ListingImage(PICTURE),)))
    for product_id, title, status in (("prod_0", "Mug", "synced"), ("prod_1", "Blue Bowl", "out_of_sync")):
        columns: dict[str, Any] = {"product_title": title, "sync_status": status, "etsy_listing_id": 4711}
        with store.writing() as session:
            progress.set_link(session, account_id, product_id, **columns, published=published, updated_at=store.now())
    visitor.open("/review/products")
    assert "All synced 1 out of sync 1" in visitor.text
    assert visitor.page.text.count(f'<img src="{PICTURE}"') == 2
    for query, found in {
        "q=blue": {"prod_1"}, "q=mug-1": {"prod_0", "prod_1"}, "q=4711&status=synced": {"prod_0"}, "q=no": set(),
        "q=prod_1&status=synced": set(),
    }.items():  # fmt: skip
        page = visitor.open(f"/review/products?{query}").text
        assert set(re.findall(r'<p class="small"><code>(prod_\w+)</code>', page)) == found, query
    assert "No product matches" in visitor.text


@ON_SQLITE
def test_a_hold_is_told_at_the_top_and_accepted_there(visitor: Visitor, store: Store) -> None:
    account_id = a_connected_account(store)
    told = {"shop_name": "New", "shop_url": "https://www.etsy.com/shop/New"}
    with store.writing() as session:
        holds.put(session, AccountHold(account_id, "shop_renamed", "The shop is called New now.", told))
    visitor.open("/review/")
    assert "Shop is held: The shop is called New now. If that is right, accept it." in visitor.text
    visitor.send(f"/review/accounts/{account_id}/accept", decided_by="Ada")
    assert "is held" not in visitor.text
    with store.reading() as session:
        assert accounts.get(session, account_id).shop_name == "New"


@ON_SQLITE
def test_a_hold_that_nobody_may_accept_says_what_to_do(visitor: Visitor, store: Store) -> None:
    account_id = a_connected_account(store)
    with store.writing() as session:
        holds.put(session, AccountHold(account_id, "books_older_than_shop", "The books are older than the shop."))
    visitor.open("/review/products")
    assert f"<code>etsy-pipeline accounts recover {account_id} --by NAME</code>" in visitor.page.text
    assert f"/review/accounts/{account_id}/accept" not in visitor.page.text


def test_it_is_told_when_nothing_is_planned_or_published(visitor: Visitor, store: Store) -> None:
    assert "Dagster does not run (it was never at work here)" in visitor.open("/review/").text
    with store.writing() as session:
        signs_of_life.note(session, signs_of_life.SENSORS)
    assert "Dagster does not run" not in visitor.open("/review/").text
    later = store.now() + timedelta(minutes=5)
    store.clock = lambda: later
    assert "Dagster does not run (it was at work 5 minutes ago)" in visitor.open("/review/").text


def test_products_that_may_be_on_etsy_lead_to_where_that_is_decided(visitor: Visitor, store: Store) -> None:
    unsure = verdict("listing_may_exist", listing="listing 5", kind="certain", why="the same SKUs")
    transaction_id = plan_of(store, wrong("prod_1", unsure), wrong("prod_2", unsure), absent("prod_3"))
    visitor.open(f"/review/{transaction_id}")
    assert "2 products may be on Etsy already" in visitor.text
    assert "Decide which they are" in visitor.text
    assert tabs_on(visitor) == {"": 0, "waits": 2, "same": 1}
