"""Puts goods into a real Medusa through its Admin API, and takes away what an earlier run left there.

Everything's name or handle begins with `PREFIX`. What many things share and cannot be told by a name (currencies, tags)
stays.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import pytest

from etsy_pipeline_tests.real_medusa import pictures
from etsy_pipeline_tests.real_medusa.goods import CATEGORIES, RETURNS, STALL, STUDIO, Good, Json
from etsy_pipeline_tests.real_medusa.server import PREFIX, Server

AT_ONCE = 20
LINKED = {STUDIO: ("shop",), STALL: ("shop", "market"), RETURNS: ()}
"""Which sales channels a location sells for."""
NAMED = {
    "price-lists": "title", "product-types": "value", "collections": "title", "product-categories": "name",
    "regions": "name", "stock-locations": "name", "sales-channels": "name", "inventory-items": "sku",
}  # fmt: skip
MADE = "id,external_id,title,handle,images.id,images.url,options.id,variants.id,variants.title,variants.sku,variants.inventory_items.inventory_item_id"


def named(name: str) -> str:
    """What a thing of ours is called."""
    return f"{PREFIX} {name}"


class Seed:
    """A shop in Medusa: channels, locations, a region, and what they sell.

    Args:
        server: the Medusa.
        picture_server: where its products' pictures are served.
    """

    def __init__(self, server: Server, picture_server: str) -> None:
        self.server, self.picture_server = server, picture_server
        self.sha256_of: dict[str, str] = {}  # by the address that Medusa has
        self._ids: dict[tuple[str, str], str] = {}

    def sweep(self) -> None:
        """Take away what is ours."""
        for row in self.server.every("reservations", "id,description"):  # with one, no product can be deleted
            if str(row["description"] or "").startswith(PREFIX):
                self.server.delete(f"reservations/{row['id']}")
        for row in self.server.every("products", "id,handle"):
            if row["handle"].startswith(PREFIX):
                self.server.delete(f"products/{row['id']}")
        for path, name in NAMED.items():
            for row in reversed(self.server.every(path, f"id,{name}")):  # what is below goes before what is above
                if str(row[name] or "").startswith(PREFIX):
                    self.server.delete(f"{path}/{row['id']}")
        for row in self.server.every("api-keys", "id,title", type="publishable"):
            if row["title"].startswith(PREFIX):
                self.server.post(f"api-keys/{row['id']}/revoke")
                self.server.delete(f"api-keys/{row['id']}")

    def require_empty(self) -> None:
        """These tests write, and judge whatever is published: no shop with products of its own is theirs."""
        if others := self.server.every("products", "id,title"):
            pytest.fail(
                f"This Medusa has {len(others)} products of somebody else's ({others[0]['title']!r}); use an empty one."
            )

    def furnish(self) -> None:
        """Currencies, locations, and whom they sell for."""
        (store,) = self.server.get("stores")["stores"]
        has = [
            {"currency_code": item["currency_code"], "is_default": item["is_default"]}
            for item in store["supported_currencies"]
        ]
        missing = [
            {"currency_code": code}
            for code in ("usd", "eur", "jpy")
            if code not in {item["currency_code"] for item in has}
        ]
        if missing:
            self.server.post(f"stores/{store['id']}", {"supported_currencies": has + missing})
        for name, channels in LINKED.items():
            body = {"add": [self.id_of("sales-channels", item) for item in channels]}
            self.server.post(f"stock-locations/{self.id_of('stock-locations', name)}/sales-channels", body)

    def id_of(self, path: str, name: str, **more: Any) -> str:
        """The id of a thing of ours; made when it is first asked for."""
        if (path, name) not in self._ids:
            body = {NAMED[path]: named(name), **more}
            if path == "regions":
                body |= {"currency_code": "usd", "countries": []}
            if path == "product-categories":
                above, metadata = CATEGORIES.get(name, (None, {}))
                body |= {"is_active": True, "metadata": metadata}
                body |= {"parent_category_id": self.id_of(path, above)} if above else {}
            (made,) = self.server.post(path, body).values()
            self._ids[path, name] = made["id"]
        return self._ids[path, name]

    @cached_property
    def customers(self) -> dict[str, Json]:
        """Products as customers see them, by their ids: those of the shop, then of the market."""
        found: dict[str, Json] = {}
        for channel in ("market", "shop"):
            channel_id = self.id_of("sales-channels", channel)
            key = self.server.post("api-keys", {"title": named(channel), "type": "publishable"})["api_key"]
            self.server.post(f"api-keys/{key['id']}/sales-channels", {"add": [channel_id]})
            ids = [row["id"] for row in self.server.every("products", "id", **{"sales_channel_id[]": channel_id})]
            seen = self.server.customer_sees(ids, self.id_of("regions", "here"), key["token"])
            found |= {product["id"]: product for product in seen}
        return found

    @cached_property
    def _tags(self) -> dict[str, str]:
        return {row["value"]: row["id"] for row in self.server.every("product-tags", "id,value")}

    def make(self, goods: Iterable[Good], **more: Any) -> dict[str, Json]:
        """Make products; as Medusa has them then, by their names."""
        wanted, made = list(goods), []
        for start in range(0, len(wanted), AT_ONCE):
            bodies = [self._body(good) | more for good in wanted[start : start + AT_ONCE]]
            made += self.server.post("products/batch", {"create": bodies}, fields=MADE)["created"]
        found = {item["external_id"]: item for item in made}
        for good in wanted:  # Medusa answers with a product's variants in any order
            titles = [item["title"] for item in good.body["variants"]]
            found[good.name]["variants"].sort(key=lambda variant, titles=titles: titles.index(variant["title"]))
        self._stock([(good, found[good.name]) for good in wanted])
        for good in wanted:
            self._finish(good, found[good.name])
        return found

    def price_list(self, title: str, kind: str, prices: Mapping[str, float], **more: Any) -> str:
        """A price list that holds: what variants cost in USD, by their ids."""
        rows = [
            {"variant_id": item, "currency_code": "usd", "amount": amount, **more.get("row", {})}
            for item, amount in prices.items()
        ]
        more.pop("row", None)
        body = {"title": named(title), "description": title, "type": kind, "status": "active", "prices": rows}
        return str(self.server.post("price-lists", body | more)["price_list"]["id"])

    def reserve(self, product: Json, quantity: int) -> str:
        """Hold back pieces of a product's first variant in the studio, as an order does."""
        item = product["variants"][0]["inventory_items"][0]["inventory_item_id"]
        body = {
            "inventory_item_id": item,
            "location_id": self.id_of("stock-locations", STUDIO),
            "quantity": quantity,
            "description": named("reservation"),
        }
        return str(self.server.post("reservations", body)["reservation"]["id"])

    def remove(self, product_id: str) -> None:
        """Delete a product, and before it what is reserved of it: Medusa refuses otherwise."""
        fields = "id,variants.inventory_items.inventory_item_id"
        product = self.server.get(f"products/{product_id}", fields=fields)["product"]
        for item in (
            item["inventory_item_id"] for variant in product["variants"] for item in variant["inventory_items"]
        ):
            for row in self.server.every("reservations", "id", **{"inventory_item_id[]": item}):
                self.server.delete(f"reservations/{row['id']}")
        self.server.delete(f"products/{product_id}")

    def _body(self, good: Good) -> Json:
        body = dict(good.body)
        urls = {item["url"]: self._picture(item["url"], upload=good.is_uploaded) for item in body["images"]}
        body |= {
            "handle": f"{PREFIX}-{good.name}",
            "external_id": good.name,
            "images": [{"url": urls[item["url"]]} for item in body["images"]],
            "thumbnail": urls.get(body["thumbnail"]),
            "sales_channels": [{"id": self.id_of("sales-channels", item)} for item in good.channels],
            "tags": [{"id": self._tag(item)} for item in dict.fromkeys(good.tags)],
            "categories": [{"id": self.id_of("product-categories", item)} for item in good.categories],
            "variants": [self._variant(item) for item in body["variants"]],
        }
        for name, path in (("type", "product-types"), ("collection", "collections")):
            if group := good.groups.get(name):
                body[f"{name}_id"] = self.id_of(path, group)
        if good.parts:
            items = [
                {"inventory_item_id": self.id_of("inventory-items", part), "required_quantity": takes}
                for part, (takes, _) in good.parts.items()
            ]
            body["variants"] = [item | {"inventory_items": items} for item in body["variants"]]
        return body

    def _picture(self, path: str, *, upload: bool) -> str:
        """Its address: on our server, or where Medusa keeps it, below Medusa's own address where it is there."""
        name = path.strip("/")
        url = self.server.upload(name, pictures.drawn(name)) if upload else f"{self.picture_server}/{name}"
        kept_at = "/static/"  # by Medusa's own way of keeping files
        if upload and kept_at in url:
            url = kept_at + url.partition(kept_at)[2]
        self.sha256_of[url] = pictures.sha256(name)
        return url

    def _variant(self, raw: Json) -> Json:
        prices = [
            price
            | ({"rules": {"region_id": self.id_of("regions", price["rules"]["region_id"])}} if "rules" in price else {})
            for price in raw["prices"]
        ]
        sku = f"{PREFIX[-4:]}-{raw['sku']}" if raw["sku"] else None
        return raw | {"prices": prices, "sku": sku}

    def _tag(self, value: str) -> str:
        if value not in self._tags:
            self._tags[value] = self.server.post("product-tags", {"value": value})["product_tag"]["id"]
        return self._tags[value]

    def _stock(self, made: Sequence[tuple[Good, Json]]) -> None:
        levels = [
            (variant["inventory_items"][0]["inventory_item_id"], place, pieces)
            for good, product in made
            for variant in product["variants"]
            if variant["inventory_items"]
            for place, pieces in good.stock.get(variant["title"], {}).items()
        ]
        parts = {part: there for good, _ in made for part, (_, there) in good.parts.items()}
        levels += [(self.id_of("inventory-items", part), STUDIO, there) for part, there in parts.items()]
        create = [
            {"inventory_item_id": item, "location_id": self.id_of("stock-locations", place), "stocked_quantity": pieces}
            for item, place, pieces in levels
        ]
        for start in range(0, len(create), 200):
            self.server.post("inventory-items/location-levels/batch", {"create": create[start : start + 200]})

    def _finish(self, good: Good, product: Json) -> None:
        if good.ranks:  # left out of account where a product is created (2.21.2)
            self.server.post(f"product-options/{product['options'][0]['id']}", {"ranks": good.ranks})
        pictures = {image["url"].rpartition("-")[2].partition(".")[0]: image["id"] for image in product["images"]}
        for variant in product["variants"]:
            if picture := good.own_pictures.get(variant["title"]):
                path = f"products/{product['id']}/variants/{variant['id']}/images/batch"
                self.server.post(path, {"add": [pictures[picture]]})
        if good.reserved:
            self.reserve(product, good.reserved)
