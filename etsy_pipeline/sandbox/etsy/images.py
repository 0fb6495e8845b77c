"""Pictures of listings: upload, rank, overwrite, order (FACTS §8)."""

import hashlib
import io
from typing import Any

from PIL import Image, UnidentifiedImageError

from etsy_pipeline.sandbox.etsy import shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, error, escaped, not_found, page
from etsy_pipeline.sandbox.etsy.requests import Call, whole
from etsy_pipeline.sandbox.state import State

MAX = 20
MAX_BYTES = 10 * 1024 * 1024  # sources disagree, 10 or 20 MB: the smaller (FACTS §8)
FORMATS = {"JPEG", "PNG", "GIF"}  # WebP and AVIF are assumed unsupported (FACTS §8)
ALT_TEXT_LENGTH = 500
FIRST_ID = 6_100_000_000


def upload(call: Call) -> Answer:
    """uploadListingImage: a file, or an image that the shop has already."""
    shop, listing = shops.own(call), stored.owned(call)
    alt_text = call.fields.get("alt_text", "")
    if len(alt_text) > ALT_TEXT_LENGTH:
        raise error(400, f"There was a problem with /alt_text : cannot be longer than {ALT_TEXT_LENGTH} characters")
    rank = whole(call.fields.get("rank", "1"))
    if rank is None or not 1 <= rank <= MAX:
        raise error(400, f"There was a problem with /rank : must be between 1 and {MAX}")
    if call.fields.get("overwrite", "false") not in {"true", "false"}:
        raise error(400, "There was a problem with /overwrite : must be true or false")
    present = of_listing(call.state, listing["listing_id"])
    replaced = [row for row in present if row["rank"] == rank] if call.fields.get("overwrite") == "true" else []
    if len(present) - len(replaced) >= MAX:
        raise error(400, f"Listings are only allowed {MAX} images. Please delete a ListingImage before trying to "
                    "upload another.")  # fmt: skip
    for row in replaced:  # in place, with a new id (FACTS §8)
        call.state.run("UPDATE listing_image SET listing_id = NULL WHERE listing_image_id = ?", row["listing_image_id"])
    if attached := _own_image(call, shop["shop_id"], listing["listing_id"]):
        return _attach(call, listing["listing_id"], attached, rank)
    image_id = add(call.state, shop["shop_id"], listing["listing_id"], _content(call, shop["shop_id"]), rank, alt_text)
    return _uploaded(call, listing["listing_id"], image_id)


def add(state: State, shop_id: int, listing_id: int, content: bytes, rank: int, alt_text: str = "") -> int:
    """A new picture of a listing; its id."""
    kind, width, height = _decoded(content)
    image_id = state.number("image", FIRST_ID)
    state.run(
        "INSERT INTO listing_image (listing_image_id, shop_id, listing_id, rank, alt_text, format, width, height, "
        "sha256, created_at, content) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        image_id, shop_id, listing_id, rank, alt_text, kind, width, height,
        hashlib.sha256(content).hexdigest(), state.now(), content,
    )  # fmt: skip
    return image_id


def detach_all(state: State, listing_id: int) -> None:
    """Take all pictures off a listing; they stay in the shop (FACTS §6)."""
    state.run("UPDATE listing_image SET listing_id = NULL WHERE listing_id = ?", listing_id)


def _attach(call: Call, listing_id: int, image_id: int, rank: int) -> Answer:
    """An image of this listing, or a detached one, under its old id: how an alt text is changed (FACTS §8)."""
    call.state.run(
        "UPDATE listing_image SET listing_id = ?, rank = ?, alt_text = COALESCE(?, alt_text) "
        "WHERE listing_image_id = ?",
        listing_id, rank, call.fields.get("alt_text"), image_id,
    )  # fmt: skip
    return _uploaded(call, listing_id, image_id)


def _uploaded(call: Call, listing_id: int, image_id: int) -> Answer:
    found = [item for item in views(call.state, listing_id) if item["listing_image_id"] == image_id]
    return Answer(found[0], 201)


def get_all(call: Call) -> Answer:
    """GetListingImages."""
    return Answer(page(views(call.state, stored.visible(call)["listing_id"])))


def delete(call: Call) -> Answer:
    """deleteListingImage; the last one stays (FACTS §8, exact text)."""
    listing = stored.owned(call)
    rows = of_listing(call.state, listing["listing_id"])
    image_id = call.number("listing_image_id")
    if image_id not in {row["listing_image_id"] for row in rows}:
        raise not_found("That ListingImage does not exist.")
    if len(rows) == 1:
        raise error(
            400, "Listings must have at least 1 image. Please add another ListingImage before trying to delete."
        )
    call.state.run("UPDATE listing_image SET listing_id = NULL WHERE listing_image_id = ?", image_id)
    return Answer(None, 204)


def set_order(state: State, shop_id: int, listing_id: int, image_ids: list[int]) -> None:
    """`image_ids`: an ordered full replacement; others are detached, and stay in the shop (FACTS §6)."""
    if len(set(image_ids)) < len(image_ids):
        raise error(400, "There was a problem with /images : contains duplicates")
    for image_id in image_ids:
        row = state.row("SELECT shop_id, listing_id FROM listing_image WHERE listing_image_id = ?", image_id)
        # One that another listing uses: whether Etsy would take it from there or copy it is unknown, so neither.
        if row is None or row["shop_id"] != shop_id or row["listing_id"] not in {None, listing_id}:
            raise error(400, "There was a problem with /images : That ListingImage does not exist.")
    detach_all(state, listing_id)
    for rank, image_id in enumerate(image_ids, start=1):
        state.run(
            "UPDATE listing_image SET listing_id = ?, rank = ? WHERE listing_image_id = ?", listing_id, rank, image_id
        )


def of_listing(state: State, listing_id: int) -> list[Any]:
    """Rows of a listing's pictures, without their content."""
    return state.rows(
        "SELECT listing_image_id, rank, alt_text, width, height, created_at, sha256 FROM listing_image "
        "WHERE listing_id = ? ORDER BY rank, listing_image_id", listing_id,
    )  # fmt: skip


def views(state: State, listing_id: int) -> list[dict[str, Any]]:
    """A listing's pictures as Etsy gives them; colors are worked out later, so null (FACTS §8)."""
    base = state.setting("base_url", "")
    none = dict.fromkeys(("hex_code", "red", "green", "blue", "hue", "saturation", "brightness", "is_black_and_white"))
    return [
        {
            **none, "listing_id": listing_id, "listing_image_id": row["listing_image_id"],
            "creation_tsz": int(row["created_at"]), "created_timestamp": int(row["created_at"]), "rank": row["rank"],
            **{f"url_{size}": f"{base}/pictures/{row['listing_image_id']}"
               for size in ("75x75", "170x135", "570xN", "fullxfull")},
            "full_height": None, "full_width": None, "alt_text": escaped(row["alt_text"]),
        }
        for row in of_listing(state, listing_id)
    ]  # fmt: skip


def _content(call: Call, shop_id: int) -> bytes:
    if "image" in call.files:
        return call.files["image"][1]
    row = _existing(call, shop_id)
    if row is not None:
        content: bytes = row["content"]
        return content
    raise error(400, "Either a valid image file or a listing_image_id must be provided.")  # exact (FACTS §8)


def _existing(call: Call, shop_id: int) -> Any:
    image_id = whole(call.fields.get("listing_image_id", ""))
    return call.state.row("SELECT * FROM listing_image WHERE listing_image_id = ? AND shop_id = ?", image_id, shop_id)


def _own_image(call: Call, shop_id: int, listing_id: int) -> int | None:
    row = None if "image" in call.files else _existing(call, shop_id)
    return row["listing_image_id"] if row is not None and row["listing_id"] in {None, listing_id} else None


def _decoded(content: bytes) -> tuple[str, int, int]:
    if len(content) > MAX_BYTES:
        raise error(400, "There was a problem with /image : The file is too large.")
    try:
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            kind, width, height = picture.format or "", picture.width, picture.height
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        kind, width, height = "", 0, 0
    if kind not in FORMATS:
        raise error(400, "Either a valid image file or a listing_image_id must be provided.")
    return kind, width, height
