"""Which draft is ours: after a create whose answer was lost, the drafts tell whether it happened (FACTS §0.1, §10)."""

from collections.abc import Callable, Sequence

from etsy_pipeline.errors import Refused
from etsy_pipeline.providers.protocols import RemoteListing, ShopClient

LOOKS = (0.0, 2.0, 4.0, 8.0)  # seconds to wait before each look: new drafts show a moment late (FACTS §10)
STATES = ("draft", "active", "inactive", "expired", "sold_out")  # a person may have done something to it meanwhile


def find_ours(
    client: ShopClient, shop_id: int, reference: str, *, sleep: Callable[[float], None], looks: Sequence[float] = LOOKS
) -> RemoteListing | None:
    """The one listing that carries our reference; None when several looks found none.

    Raises:
        Refused: `several_drafts` when more than one carries it: a person has to delete all but one.
    """
    for wait in looks:
        sleep(wait)
        found = {
            listing.listing_id: listing
            for state in STATES
            for listing in client.listings_in_state(shop_id, state)
            if reference in listing.description
        }
        if len(found) > 1:
            raise Refused(
                f"Several listings carry the reference {reference}: {', '.join(map(str, sorted(found)))}.",
                code="several_drafts",
                hint="Delete all but one of these listings on Etsy, then sync again.",
            )
        if found:
            return next(iter(found.values()))
    return None
