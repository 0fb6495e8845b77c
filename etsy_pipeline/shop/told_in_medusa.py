"""Where a product is on Etsy, and how it stands there, told in its metadata in Medusa, where a shop wants that.

Only what is not so yet is written. Medusa tells of that as of any change: the plan that follows finds nothing to do,
for no listing is made of these names.
"""

import logging
from dataclasses import dataclass

from etsy_pipeline.catalogue.admin_api import WriteRefused, WriteUnanswered
from etsy_pipeline.catalogue.product_notes import ProductNotes
from etsy_pipeline.planning.link import Link
from etsy_pipeline.store.engine import Store
from etsy_pipeline.sync import queries

logger = logging.getLogger(__name__)

URL, STATE = "etsy_listing_url", "etsy_listing_state"
MOST_FAILED = 3  # in a row, before the rest waits for the next time


@dataclass(frozen=True, slots=True)
class Told:
    """How many products' metadata were written, were so already, or could not be written."""

    written: int = 0
    same: int = 0
    failed: int = 0


def tell_medusa(store: Store, notes: ProductNotes, account_id: str) -> Told:
    """Write each product's listing and its state into its metadata, where they do not say so yet.

    Raises:
        PipelineError: where Medusa cannot be asked.
    """
    wanted = {link.product_id: _wanted(link) for link in queries.find_links(store, account_id=account_id)}
    found = notes.read(list(wanted), (URL, STATE))
    written = same = failed = in_a_row = 0
    for product_id, said in found.items():
        if said == wanted[product_id]:
            same += 1
            continue
        if in_a_row >= MOST_FAILED:
            failed += 1
            continue
        try:
            notes.write(product_id, wanted[product_id])
        except (WriteRefused, WriteUnanswered) as error:
            logger.warning("medusa_not_told product_id=%s code=%s", product_id, error.code)
            failed, in_a_row = failed + 1, in_a_row + 1
        else:
            written, in_a_row = written + 1, 0
    return Told(written, same, failed)


def _wanted(link: Link) -> dict[str, str]:
    """Blank, where there is no listing."""
    if link.etsy_listing_id is None:
        return {URL: "", STATE: ""}
    return {URL: link.etsy_url or "", STATE: link.listing_state or ""}
