"""A shop's listings, found by what a product may have in common with them: cheap to ask for each of many products."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from etsy_pipeline.linking.evidence import FEWEST_WORDS, LIKE, NOBODY, Former, parent_of
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.linking.text import eans, last_part, sku_key, title_keys, words
from etsy_pipeline.listings.identity import IdentifiedProduct

MOST_MENTIONS = 3  # an address that more listings' texts have belongs to none of them


class ShopIndex:
    """The listings of a shop.

    Args:
        listings: those that may be one of the products.
        others: those that are known to be something else: of them only the SKUs count.
        linked: the ids of those that are linked to a product: they are not found by words of their titles.
        called: titles and handles of the products that listings were until these went from Medusa, by listing id.
    """

    def __init__(
        self, listings: Iterable[SeenListing], others: Iterable[SeenListing] = (), linked: Iterable[int] = (),
        called: Mapping[int, Former] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.called = called
        self.listings: Mapping[int, SeenListing] = {item.listing_id: item for item in listings}
        self._by_sku: defaultdict[str, list[int]] = defaultdict(list)
        self._by_ean: defaultdict[str, list[int]] = defaultdict(list)
        self._by_title: defaultdict[str, list[int]] = defaultdict(list)
        self._by_handle: defaultdict[str, list[int]] = defaultdict(list)
        self._by_address: defaultdict[str, list[int]] = defaultdict(list)
        for seen in chain(self.listings.values(), others):
            for item in {sku_key(item) for item in seen.skus} - {""}:
                self._by_sku[item].append(seen.listing_id)
        for listing_id, seen in self.listings.items():
            _put(self._by_ean, {number for item in seen.skus for number in eans(item)}, listing_id)
            former = called.get(listing_id, NOBODY)
            _put(self._by_handle, {former.handle.casefold()} - {""}, listing_id)
            keys = {*title_keys(seen.title), *title_keys(former.title)}
            _put(self._by_title, sorted(keys), listing_id)
            _put(self._by_address, {last_part(address) for address in seen.mentions} - {""}, listing_id)
        free = set(self.listings).difference(linked)
        self._words = {listing_id: frozenset(words(self.listings[listing_id].title)) for listing_id in free}
        self._frequency = Counter(chain.from_iterable(self._words.values()))
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        for listing_id in sorted(free):
            _put(self._by_word, self._rarest(self._words[listing_id]), listing_id)

    def has_sku(self, key: str) -> bool:
        """Whether any listing has this SKU, as it is compared."""
        return key in self._by_sku

    def with_sku(self, key: str) -> list[int]:
        """All listings with this SKU, as it is compared."""
        return self._by_sku.get(key, [])

    def possible(self, product: IdentifiedProduct) -> list[int]:
        """Listings that have something in common with a product, by what is strongest first, each once."""
        if not self.listings:
            return []
        return [item for item in dict.fromkeys(self._found(product)) if item in self.listings]

    def _found(self, product: IdentifiedProduct) -> Iterator[int]:
        identity = product.identity
        yield from identity.listing_ids
        skus = [key for key in map(sku_key, identity.skus) if key]
        for key in skus:
            yield from self._by_sku.get(key, ())
        for variant in identity.variants:
            for number in eans(variant.barcode):
                yield from self._by_ean.get(number, ())
        yield from self._by_handle.get(identity.handle.casefold(), ())
        naming = self._by_address.get(identity.handle.casefold(), ())
        yield from naming if len(naming) <= MOST_MENTIONS else ()
        for key in chain.from_iterable(map(title_keys, product.titles)):
            yield from self._by_title.get(key, ())
        for key in sorted(parent_of(skus)):
            yield from self._by_sku.get(key, ())
        for title in product.titles:
            yield from self._alike(frozenset(words(title)))

    def _alike(self, wanted: frozenset[str]) -> Iterator[int]:
        """Listings that share so many words with a title as counts."""
        met = Counter(chain.from_iterable(self._by_word.get(word, ()) for word in self._rarest(wanted)))
        for listing_id in sorted(listing_id for listing_id, shared in met.items() if shared >= FEWEST_WORDS):
            theirs = self._words[listing_id]
            both = len(wanted & theirs)
            if 100 * both >= LIKE * (len(wanted) + len(theirs) - both):
                yield listing_id

    def _rarest(self, title: frozenset[str]) -> list[str]:
        """Those words of a title of which it shares at least two with each title that is like it."""
        ordered = sorted(title, key=lambda word: (self._frequency[word], word))
        shared = max(FEWEST_WORDS, math.ceil(LIKE * len(ordered) / 100))
        return ordered[: max(0, len(ordered) - shared + FEWEST_WORDS)]


def _put(index: defaultdict[str, list[int]], keys: Iterable[str], listing_id: int) -> None:
    for key in keys:
        index[key].append(listing_id)
