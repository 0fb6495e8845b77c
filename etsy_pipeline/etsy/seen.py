"""Etsy's answers about listings → what a scan of the shop keeps of them: text unescaped, times in UTC (FACTS §10)."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from etsy_pipeline.etsy.answers import malformed
from etsy_pipeline.etsy.live import moment, money, plain_text
from etsy_pipeline.linking.reference import reference_in
from etsy_pipeline.linking.seen import SeenListing

Json = Mapping[str, Any]

MOST_MENTIONS = 20
_ADDRESS = re.compile(r"https?://[^\s<>\"'()\[\]]+")


def seen_listing(answer: Json) -> SeenListing:
    """A listing as a scan saw it, without its inventory, which is read apart; of any state.

    Raises:
        EtsyUnavailable: `etsy_answer_malformed`, where the answer has no id or no state, or a field is no such thing.
    """
    try:
        return _seen(answer)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise malformed("a listing", type(error).__name__) from None


def _seen(answer: Json) -> SeenListing:
    description, price = plain_text(answer.get("description")), answer.get("price")
    images = sorted(answer.get("images") or (), key=lambda image: int(image.get("rank") or 0))
    return SeenListing(
        listing_id=int(answer["listing_id"]),
        state=str(answer["state"]),
        title=plain_text(answer.get("title")),
        url=answer.get("url") or "",
        image_url=next((image.get("url_570xN") or image.get("url_fullxfull") or "" for image in images), ""),
        image_ids=tuple(int(image["listing_image_id"]) for image in images),
        quantity=int(answer.get("quantity") or 0),
        price="" if price is None else str(money(price)),
        currency_code=str(price["currency_code"]) if isinstance(price, Mapping) else "",
        taxonomy_id=answer.get("taxonomy_id"),
        tags=tuple(plain_text(tag) for tag in answer.get("tags") or ()),
        reference=reference_in(description),
        mentions=tuple(dict.fromkeys(_ADDRESS.findall(description)))[:MOST_MENTIONS],
        created_at=_moment(answer, "created_timestamp", "creation_timestamp"),
        ending_at=_moment(answer, "ending_timestamp"),
        state_at=_moment(answer, "state_timestamp"),
        modified_at=_moment(answer, "last_modified_timestamp", "updated_timestamp"),
        should_auto_renew=answer.get("should_auto_renew"),
        is_private=bool(answer.get("is_private")),
        views=int(answer.get("views") or 0),
        num_favorers=int(answer.get("num_favorers") or 0),
    )


def _moment(answer: Json, *names: str) -> datetime | None:
    """The latest of these moments; None where Etsy tells none."""
    return moment(max((int(answer.get(name) or 0) for name in names), default=0))
