"""The products that a reviewer leaves out, as text that goes along in the address from page to page.

One bit a product, by its position in the plan, compressed: at most some 2 kB for 10,000 products, wherever they stand.
Positions mean something in one plan only, so its mark goes along, too.
"""

import base64
import binascii
import zlib
from collections.abc import Iterable

from etsy_pipeline.errors import BadRequest
from etsy_pipeline.store.records import EtsySyncJob

MAX_POSITIONS = 1_000_000


def pack(positions: Iterable[int]) -> str:
    """Positions as text; nothing for none."""
    bits = bytearray()
    for position in positions:
        byte = position // 8
        if byte >= len(bits):
            bits.extend(bytes(byte + 1 - len(bits)))
        bits[byte] |= 1 << position % 8
    return base64.urlsafe_b64encode(zlib.compress(bytes(bits), 9)).decode().rstrip("=") if bits else ""


def unpack(text: str) -> frozenset[int]:
    """The positions again.

    Raises:
        BadRequest: `left_out_unreadable`.
    """
    if not text:
        return frozenset()
    try:
        unpacking = zlib.decompressobj()
        bits = unpacking.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), MAX_POSITIONS // 8)
    except (ValueError, binascii.Error, zlib.error):
        bits = b""
        unpacking = zlib.decompressobj()
    if not unpacking.eof or unpacking.unused_data:
        raise BadRequest(
            "The products that were left out cannot be read from the address.",
            code="left_out_unreadable",
            hint="Open the plan from the list of syncs, and choose again.",
        )
    return frozenset(8 * byte + bit for byte, value in enumerate(bits) for bit in range(8) if value >> bit & 1)


def mark_of(job: EtsySyncJob) -> str:
    """What tells one plan from the next of the same sync, even where both say the same."""
    drawn_up = int(job.planned_at.timestamp() * 1000) if job.planned_at else 0
    return f"{(job.plan_digest or '')[:16]}-{drawn_up}"
