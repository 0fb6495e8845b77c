"""Which products may be on Etsy already: pairs of a product and a listing, each in a class that rules decide. Pure.

Of a pair it is told what speaks for it (`evidence.py`). `certain` has something decisive, nothing against it, and no
other pair with either of the two. `ambiguous` has another pair that is as strong, or something against it. `likely` is
everything between. Nobody but a person links anything, whatever the class.

A listing on sale whose product is gone and that nothing else fits takes less to be asked about (`vanished.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

from etsy_pipeline.linking.evidence import NOBODY, Evidence, Former, evidence_of, force_of, in_order, listed
from etsy_pipeline.linking.seen import SeenListing
from etsy_pipeline.linking.shop_index import ShopIndex
from etsy_pipeline.linking.text import sku_key
from etsy_pipeline.linking.vanished import MOST_ALIKE, Vanished
from etsy_pipeline.listings.identity import UNKNOWN, IdentifiedProduct, ProductIdentity

Kind = Literal["certain", "likely", "ambiguous"]

MOST_OF_A_PRODUCT = 10  # candidates that are told; whoever has more has to look anyway
MOST_COMPARED = 50  # listings that one product is compared with, those that have most in common

_ENOUGH = frozenset({
    "metadata_listing_id", "sku_set_equal", "sku_set_overlap", "sku_single_shared", "url_in_text", "barcode_in_sku",
    "handle_equal",
    "title_equal",
})  # fmt: skip
_WITH_LIKE_TITLES = frozenset({"options_equal", "price_near"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product and a listing that may be the same thing.

    `moved_from` is the product that the listing is linked to, where that is gone from Medusa or not sold any more (or,
    in a plan of named products, is not one of them).
    """

    product_id: str
    product_title: str
    listing_id: int
    kind: Kind
    evidence: tuple[Evidence, ...]
    moved_from: str | None = None
    identity: ProductIdentity = UNKNOWN


def find(
    products: Iterable[IdentifiedProduct],
    listings: Iterable[SeenListing],
    linked: Mapping[int, str],
    present: AbstractSet[str],
    *,
    decided: AbstractSet[tuple[str, int]] = frozenset(),
    detached: AbstractSet[tuple[str, int]] = frozenset(),
    left_out: AbstractSet[str] = frozenset(),
    called: Mapping[int, Former] = MappingProxyType({}),
    is_whole: bool = True,
) -> dict[str, tuple[Candidate, ...]]:
    """Match the products that are to be on sale and have no listing with the listings that have no product.

    Args:
        products: all of a plan, streamed: also those that are not matched have SKUs.
        listings: the shop's, without those that are gone or ignored.
        linked: the product that a listing is linked to, by listing id.
        present: the products that the plan found in Medusa, also those that are out of stock, but not those that are
            not sold any more: what is linked to one of them is no candidate.
        decided: pairs of which a person said that they are not the same.
        detached: pairs that were linked until a person undid that: they are asked about whatever speaks for them, and
            are never certain.
        left_out: products that are not matched: they have a listing, or another sync deals with them.
        called: titles and handles of the products that are linked, by listing id: of one that is gone they say what its
            listing is, whatever that is called on Etsy.
        is_whole: whether the products are all that the shop sells; otherwise another one may have the same SKU, and
            nothing is certain.

    Returns:
        The candidates by product, the best first.
    """
    called = called if is_whole else {}
    index = _index(listings, linked, present, called)
    gone = {number: seen for number, seen in index.listings.items() if called.get(number, NOBODY).is_on_sale}
    matching = _Matching(index, Vanished(gone, called), linked, is_whole, _by_product(detached))
    done = left_out | set(linked.values())
    for product in products:
        matching.note_skus(product)
        if not product.is_absent and product.product_id not in done:
            matching.compare(product, decided)
    return matching.candidates()


def _by_product(pairs: Iterable[tuple[str, int]]) -> Mapping[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for product_id, listing_id in sorted(pairs):
        found[product_id].append(listing_id)
    return found


def _index(
    listings: Iterable[SeenListing], linked: Mapping[int, str], present: AbstractSet[str], called: Mapping[int, Former]
) -> ShopIndex:
    free: list[SeenListing] = []
    others: list[SeenListing] = []
    for seen in listings:
        is_of_another = linked.get(seen.listing_id, "") in present
        (others if is_of_another or seen.is_private else free).append(seen)
    return ShopIndex(free, others, linked, called)


@dataclass(frozen=True, slots=True)
class _Pair:
    product: IdentifiedProduct
    listing_id: int
    evidence: tuple[Evidence, ...]

    @property
    def force(self) -> int:
        return force_of(self.evidence)


@dataclass(slots=True)
class _Matching:
    """Pairs that are being found. `rivals` are, by either side, the two strongest pairs: what competes with another.

    `like` are pairs of products that fit nothing with listings whose product is gone, each with how like their titles
    are.
    """

    index: ShopIndex
    vanished: Vanished
    linked: Mapping[int, str]
    is_whole: bool
    detached: Mapping[str, Sequence[int]]
    pairs: dict[str, list[_Pair]] = field(default_factory=dict)
    like: list[tuple[int, _Pair]] = field(default_factory=list)
    owners: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    rivals: defaultdict[str | int, list[tuple[int, str, int]]] = field(default_factory=lambda: defaultdict(list))

    def note_skus(self, product: IdentifiedProduct) -> None:
        """Remember which products have a SKU that is on Etsy, too; three say as much as all."""
        for key in {sku_key(item) for item in product.identity.skus}:
            if self.index.has_sku(key) and len(self.owners[key]) < 3:  # noqa: PLR2004
                self.owners[key].append(product.product_id)

    def compare(self, product: IdentifiedProduct, decided: AbstractSet[tuple[str, int]]) -> None:
        """Compare a product with the listings that it may be."""
        found, undone = [], [item for item in self.detached.get(product.product_id, ()) if item in self.index.listings]
        for listing_id in dict.fromkeys([*undone, *self.index.possible(product)[:MOST_COMPARED]]):
            evidence = self._evidence(product, listing_id)
            if (product.product_id, listing_id) in decided:
                continue
            if listing_id in undone:
                evidence = (*evidence, Evidence("detached", "against", product.product_id, str(listing_id)))
            elif not _is_plausible(evidence) or self._is_of_another(listing_id, evidence):
                continue
            found.append(_Pair(product, listing_id, evidence))
        self._compete(pair for pair in found if pair.listing_id not in undone)  # what was undone competes with none
        if found:
            kept = sorted(found, key=lambda pair: (-pair.force, -len(pair.evidence), pair.listing_id))
            self.pairs[product.product_id] = kept[:MOST_OF_A_PRODUCT]
            return
        for listing_id, share in self.vanished.like(product).items():
            if (product.product_id, listing_id) not in decided:
                self.like.append((share, _Pair(product, listing_id, self._evidence(product, listing_id))))

    def _evidence(self, product: IdentifiedProduct, listing_id: int) -> tuple[Evidence, ...]:
        return evidence_of(product, self.index.listings[listing_id], self.index.called.get(listing_id, NOBODY))

    def _compete(self, pairs: Iterable[_Pair]) -> None:
        for pair in pairs:
            for side in (pair.product.product_id, pair.listing_id):
                best = [*self.rivals[side], (pair.force, pair.product.product_id, pair.listing_id)]
                self.rivals[side] = sorted(best, key=_strongest_first)[:2]

    def _add_like(self) -> None:
        """Of what is only like a listing whose product is gone, the best few pairs, where nothing else fits that."""
        taken = {pair.listing_id for pairs in self.pairs.values() for pair in pairs}
        counts: Counter[str | int] = Counter()
        best = sorted(self.like, key=lambda it: (-it[1].force, -it[0], it[1].product.product_id, it[1].listing_id))
        kept = []
        for _, pair in best:
            sides = pair.product.product_id, pair.listing_id
            if pair.listing_id not in taken and all(counts[side] < MOST_ALIKE for side in sides):
                counts.update(sides)
                self.pairs.setdefault(pair.product.product_id, []).append(pair)
                kept.append(pair)
        self._compete(kept)

    def _is_of_another(self, listing_id: int, evidence: Sequence[Evidence]) -> bool:
        """Whether it is linked to a product that may be there still, and has that one's SKUs, not this one's."""
        is_linked = listing_id in self.linked and not self.is_whole
        return is_linked and any(item.code == "skus_differ" for item in evidence)

    def candidates(self) -> dict[str, tuple[Candidate, ...]]:
        """What was found, judged now that all is known."""
        self._add_like()
        return {product_id: tuple(map(self._candidate, pairs)) for product_id, pairs in self.pairs.items()}

    def _candidate(self, pair: _Pair) -> Candidate:
        evidence, product = self._with_elsewhere(pair), pair.product
        return Candidate(
            product.product_id,
            product.titles[0],
            pair.listing_id,
            self._kind(pair, evidence),
            evidence,
            self.linked.get(pair.listing_id),
            product.identity,
        )

    def _with_elsewhere(self, pair: _Pair) -> tuple[Evidence, ...]:
        """Equal SKUs decide nothing where one of them stands at another product or listing, too."""
        equal = next((item for item in pair.evidence if item.code == "sku_set_equal"), None)
        if equal is None:
            return pair.evidence
        keys = [sku_key(item) for item in self.index.listings[pair.listing_id].skus]
        products = dict.fromkeys(item for key in keys for item in self.owners[key] if item != pair.product.product_id)
        others = dict.fromkeys(item for key in keys for item in self.index.with_sku(key) if item != pair.listing_id)
        if not products and not others:
            return pair.evidence
        told = Evidence("sku_elsewhere", "against", listed(products) or "–", listed(others) or "–")
        rest = [item for item in pair.evidence if item is not equal]
        return in_order([replace(equal, strength="strong"), *rest, told])

    def _kind(self, pair: _Pair, evidence: Sequence[Evidence]) -> Kind:
        mine = (pair.product.product_id, pair.listing_id)
        rivals = [rival for side in mine for rival in self.rivals[side] if rival[1:] != mine]
        strengths = {item.strength for item in evidence}
        is_doubted, is_decided = "against" in strengths, "decisive" in strengths
        if is_decided and not rivals and not is_doubted and self.is_whole:
            return "certain"
        if max((rival[0] for rival in rivals), default=0) >= force_of(evidence) or (is_doubted and not is_decided):
            return "ambiguous"
        return "likely"


def _strongest_first(rival: tuple[int, str, int]) -> tuple[int, str, int]:
    return (-rival[0], rival[1], rival[2])


def _is_plausible(evidence: Sequence[Evidence]) -> bool:
    """Whether a pair is worth a person's time. Titles that are only alike take SKUs that do not say otherwise."""
    codes = {item.code for item in evidence}
    if codes & _ENOUGH:
        return True
    like = next((item for item in evidence if item.code == "title_tokens"), None)
    if like is None or "skus_differ" in codes:
        return False
    return like.strength == "medium" or bool(codes & _WITH_LIKE_TITLES)


def moved_to(candidates: Mapping[str, Sequence[Candidate]]) -> dict[str, tuple[str, ...]]:
    """Products whose listings may belong to new products: those, by the product that is gone."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for product_id, theirs in candidates.items():
        for candidate in theirs:
            if candidate.moved_from is not None:
                found[candidate.moved_from].append(product_id)
    return {product_id: tuple(dict.fromkeys(new)) for product_id, new in found.items()}
