"""Which listing is ours: after a create whose answer was lost, the drafts tell whether it happened (FACTS §0.1, §10).

A person may have done something to it meanwhile, so that it is no draft any more; and there may be more drafts than
Etsy lists. Both shows in the look through all of the shop that is made before anything is created (`shop/newer.py`).
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

from etsy_pipeline.errors import Refused
from etsy_pipeline.providers.errors import NotAllListed
from etsy_pipeline.providers.protocols import RemoteListing, ShopClient

LOOKS = (0.0, 2.0, 4.0, 8.0)  # seconds to wait before each look: new drafts show a moment late (FACTS §10)


def find_ours(
    client: ShopClient,
    shop_id: int,
    reference: str,
    *,
    sleep: Callable[[float], None],
    seen: Sequence[RemoteListing] = (),
    looks: Sequence[float] = LOOKS,
) -> RemoteListing | None:
    """The one listing that carries our reference; None when several looks found none.

    That alone does not say that there is none: before another one is created, all of the shop has to be looked through.

    Args:
        client: the shop's Etsy.
        shop_id: Etsy's id of the shop.
        reference: of the create.
        sleep: waits so many seconds.
        seen: the listings with it that a look through all of the shop found since, whatever their state.
        looks: seconds to wait before each look at the drafts.

    Raises:
        Refused: `several_drafts` when more than one carries it: a person has to delete all but one.
    """
    for wait in looks[:1] if seen else looks:
        sleep(wait)
        found = {listing.listing_id: listing for listing in seen}
        with suppress(NotAllListed):  # the newest come first, and ours is one of those
            for listing in client.listings_in_state(shop_id, "draft"):
                if reference in listing.description:
                    found[listing.listing_id] = listing
        if len(found) > 1:
            raise Refused(
                f"Several listings carry the reference {reference}: {', '.join(map(str, sorted(found)))}.",
                code="several_drafts",
                hint="Delete all but one of these listings on Etsy, then sync again.",
            )
        if found:
            return next(iter(found.values()))
    return None
