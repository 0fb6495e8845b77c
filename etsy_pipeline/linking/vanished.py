"""Listings on sale whose product is gone: of them less is worth a question than of others. Pure.

Whoever imports a catalogue anew may have changed words of a title, a SKU or a handle on the way. So a product that
comes while one goes that is like it is asked about, unless the shop has more that are as like it: there the likeness
says nothing, as in a shop of postcards whose titles differ in the town.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from etsy_pipeline.linking.evidence import FEWEST_WORDS, LIKE, Former, share_of
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.linking.text import handle_stem, loose_sku_key, words
from etsy_pipeline.listings.identity import IdentifiedProduct

MOST_ALIKE = 3  # of a shop's products; where more are as like a new one, that is none of them for it
MOST_LOOKED_AT = 1_000  # titles that one is compared with; a word that more of them have says nothing


class Vanished:
    """The listings on sale whose product is gone.

    Args:
        listings: those, by their ids.
        called: titles and handles of all products that are linked, by listing id.
    """

    def __init__(self, listings: Mapping[int, SeenListing], called: Mapping[int, Former]) -> None:
        self.listings = listings
        self._by_sku: defaultdict[str, list[int]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[int]] = defaultdict(list)
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        if not listings:
            return
        for listing_id, seen in sorted(listings.items()):
            for key in {loose_sku_key(sku) for sku in seen.skus} - {""}:
                self._by_sku[key].append(listing_id)
        for listing_id, former in sorted(called.items()):
            if former.handle:
                self._by_stem[handle_stem(former.handle)].append(listing_id)
        self._words = {listing_id: frozenset(words(former.title)) for listing_id, former in sorted(called.items())}
        self._frequency = Counter(chain.from_iterable(self._words.values()))
        for listing_id, theirs in self._words.items():
            for word in self._telling(theirs):
                self._by_word[word].append(listing_id)

    def like(self, product: IdentifiedProduct) -> Mapping[int, int]:
        """Those that a new product may be: how much of their titles is the same, in percent, by listing id."""
        if not self.listings:
            return {}
        found = dict.fromkeys(self._by_keys(product), 0)
        shares = Counter(self._shares(frozenset(words(product.titles[0]))))
        if len(shares) > MOST_ALIKE:
            least = shares.most_common(MOST_ALIKE + 1)[-1][1]
            shares = Counter({listing_id: share for listing_id, share in shares.items() if share > least})
        return found | {listing_id: share for listing_id, share in shares.items() if listing_id in self.listings}

    def _by_keys(self, product: IdentifiedProduct) -> Iterator[int]:
        stem = handle_stem(product.identity.handle)
        for several in [self._by_stem.get(stem, ()), *self._of_skus(product)]:
            if len(several) <= MOST_ALIKE:
                yield from (listing_id for listing_id in several if listing_id in self.listings)

    def _of_skus(self, product: IdentifiedProduct) -> Iterator[Sequence[int]]:
        return (self._by_sku.get(key, ()) for key in dict.fromkeys(map(loose_sku_key, product.identity.skus)))

    def _shares(self, wanted: frozenset[str]) -> dict[int, int]:
        """The listings whose product's title is like this one: by how much."""
        near: set[int] = set()
        looked_at = 0
        for word in self._telling(wanted):
            theirs = self._by_word.get(word, ())
            looked_at += len(theirs)
            if looked_at > MOST_LOOKED_AT:
                break
            near.update(theirs)
        shares = {listing_id: share_of(wanted, self._words[listing_id]) for listing_id in near}
        return {listing_id: share for listing_id, share in shares.items() if share >= LIKE}

    def _telling(self, title: frozenset[str]) -> list[str]:
        """Those words of a title, the rarest first, of which it shares at least one with each title that is like it."""
        ordered = sorted(title, key=lambda word: (self._frequency[word], word))
        shared = max(FEWEST_WORDS, math.ceil(LIKE * len(ordered) / 100))
        return ordered[: max(0, len(ordered) - shared + 1)]
