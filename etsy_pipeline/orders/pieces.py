"""What there is of variants for orders in Medusa, and where: whether it is enough, and how lines are to be cut."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from etsy_pipeline.catalogue.reservations import Part, Reservations, StockedProduct, StockedVariant
from etsy_pipeline.sales.places import Spot, Wanted, cuts
from etsy_pipeline.store.sales import KeptSale


class Stock:
    """Pieces at the locations that orders are sent from, as far as they were read.

    Medusa looks at each line by itself: two of one thing that are too many together would pass (measured).
    """

    def __init__(
        self,
        medusa: Reservations,
        products: Mapping[str, StockedProduct],
        linked: frozenset[str],
        taken: Counter[str] | None = None,
    ) -> None:
        """What was read.

        Args:
            medusa: asked anew, where it is close.
            products: those of the orders.
            linked: the locations of the orders' sales channel, of which those count that sell; none: whatever sells.
            taken: what was ordered since, by inventory item; shared by the orders of a turn.
        """
        self._medusa, self.linked, self.places = medusa, linked, medusa.selling_of(linked)
        self._taken: Counter[str] = Counter() if taken is None else taken
        self._variants = _variants(products)

    def take(self, lines: Sequence[KeptSale]) -> None:
        """These are ordered now."""
        for part, needed in self._needed(lines):
            self._taken[part.inventory_item_id] += needed

    def short(self, lines: Sequence[KeptSale]) -> list[KeptSale]:
        """The lines of which there are not enough pieces, of an order as a whole."""
        needed, short = Counter[str](), []
        for line in lines:
            parts = list(self._needed([line]))
            for part, count in parts:
                needed[part.inventory_item_id] += count
            if any(sum(self._levels(part).values()) < needed[part.inventory_item_id] for part, _ in parts):
                short.append(line)
        return short

    def knows(self, line: KeptSale) -> bool:
        """Whether Medusa still has the variant of a line."""
        return line.variant_id in self._variants

    def counts(self, variant_id: str) -> bool:
        """Whether there may be too few pieces of a variant: of one that is sold all the same (backorder) never."""
        variant = self._variants.get(variant_id)
        return variant is None or (variant.is_managed and not variant.allows_backorder)

    def may_lie_wrong(self, variant_ids: Sequence[str]) -> bool:
        """Whether Medusa may reserve lines of an order, of these variants, where they cannot be taken from.

        Two of the same inventory item may get the same pieces, and each one pieces of a location that does not sell.
        """
        if self.places != self.linked:
            return bool(variant_ids)
        known = [self._variants.get(variant_id) for variant_id in variant_ids]
        parts = Counter(part.inventory_item_id for variant in known if variant for part in variant.parts)
        return len(known) > 1 and (None in known or max(parts.values(), default=0) > 1)

    def cuts(
        self, lines: Sequence[KeptSale], held: Mapping[Spot, int], *, is_close: bool = False
    ) -> Mapping[int, tuple[int, ...]] | None:
        """How many pieces of each line one location can send; None: Medusa cannot reserve them for an order.

        Args:
            lines: of an order.
            held: what is reserved for them, and will be free.
            is_close: ask Medusa anew, in any case.

        Raises:
            PipelineError: what a question to Medusa raises.
        """
        if not is_close and self._is_plainly_enough(lines):
            return {}
        newer = self._medusa.products([line.product_id for line in lines if line.product_id])
        self._variants |= _variants(newer)
        held = {spot: count for spot, count in held.items() if not self.places or spot[1] in self.places}
        wanted, free = [], dict(held)
        for line in lines:
            parts = [part for part, _ in self._needed([line])]
            wanted.append(
                Wanted(line.transaction_id, line.quantity, {it.inventory_item_id: it.required for it in parts})
            )
            for part in parts:
                for place, count in self._levels(part).items():
                    free[part.inventory_item_id, place] = count + held.get((part.inventory_item_id, place), 0)
        return cuts(wanted, free)

    def _is_plainly_enough(self, lines: Sequence[KeptSale]) -> bool:
        """Whether one location has enough for all of them, whoever was first meanwhile."""
        needed, most = Counter(self._taken), dict[str, int]()
        for part, count in self._needed(lines):
            needed[part.inventory_item_id] += count
            most[part.inventory_item_id] = max(self._levels(part).values(), default=0)
        return all(needed[item] <= count for item, count in most.items())

    def _needed(self, lines: Iterable[KeptSale]) -> Iterator[tuple[Part, int]]:
        """What lines take of inventory items whose pieces are counted."""
        for line in lines:
            variant = self._variants.get(line.variant_id or "")
            if variant is not None and self.counts(variant.id):
                yield from ((part, part.required * line.quantity) for part in variant.parts)

    def _levels(self, part: Part) -> dict[str, int]:
        levels = (level for level in part.levels if not self.places or level.location_id in self.places)
        return {level.location_id: max(0, level.available) for level in levels}


def _variants(products: Mapping[str, StockedProduct]) -> dict[str, StockedVariant]:
    return {variant.id: variant for product in products.values() for variant in product.variants}
