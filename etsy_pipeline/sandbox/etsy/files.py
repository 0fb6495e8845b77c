"""Files of downloads (LISTING_EXTRAS §4): one that is put on a physical listing makes it a download."""

import hashlib
from typing import Any

from etsy_pipeline.sandbox.etsy import shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, error, escaped, not_found, page
from etsy_pipeline.sandbox.etsy.grid import AXES
from etsy_pipeline.sandbox.etsy.requests import Call, whole

MAX, MAX_BYTES = 5, 20 * 1024 * 1024  # Etsy's help; not in its document
FIRST_ID = 8_100_000_000


def get_all(call: Call) -> Answer:
    """GetAllListingFiles: of a physical listing nothing (spec)."""
    shops.own(call)
    return Answer(page([_view(call, listing, item) for listing in [stored.owned(call)] for item in of(listing)]))


def get(call: Call) -> Answer:
    """GetListingFile."""
    shops.own(call)
    listing = stored.owned(call)
    return Answer(_view(call, listing, _found(call, listing)))


def upload(call: Call) -> Answer:
    """uploadListingFile: a file, never in place of another. A physical listing loses shipping and variations (spec)."""
    shops.own(call)
    listing = stored.owned(call)
    name, content = call.fields.get("name", "").strip(), call.files.get("file", ("", b""))[1]
    rank = whole(call.fields.get("rank", "1"))
    if not content or not name:  # `listing_file_id` is not built here
        raise error(400, "Either a valid file and its name or a listing_file_id must be provided.")
    if len(content) > MAX_BYTES:
        raise error(400, "There was a problem with /file : The file is too large.")
    if rank is None or rank < 1:
        raise error(400, "There was a problem with /rank : must be at least 1")
    if len(of(listing)) >= MAX:
        raise error(400, f"A listing can have at most {MAX} files.")
    if listing["type"] != "download":
        _convert(listing)
    file = {
        "listing_file_id": call.state.number("file", FIRST_ID), "filename": name, "size_bytes": len(content),
        "rank": rank, "sha256": hashlib.sha256(content).hexdigest(), "at": int(call.state.now()),
    }  # fmt: skip
    listing["files"] = [*of(listing), file]
    stored.save(call.state, listing)
    return Answer(_view(call, listing, file), 201)


def delete(call: Call) -> Answer:
    """DeleteListingFile: without its last one a download is physical again (spec, #454)."""
    shops.own(call)
    listing = stored.owned(call)
    gone = _found(call, listing)
    listing["files"] = [item for item in of(listing) if item is not gone]
    if not listing["files"]:
        listing["type"] = "physical"
    stored.save(call.state, listing)
    return Answer(None, 204)


def of(listing: dict[str, Any]) -> list[dict[str, Any]]:
    """A listing's files."""
    found: list[dict[str, Any]] = listing.get("files", [])
    return found


def needs_one(listing: dict[str, Any]) -> bool:
    """Whether it cannot be published yet: a download that is not made to order has a file first (spec)."""
    return listing["type"] == "download" and not of(listing) and listing.get("when_made") != "made_to_order"


def _convert(listing: dict[str, Any]) -> None:
    listing |= {"type": "download", "shipping_profile_id": None, "readiness_state_id": None}
    held = listing["inventory"]
    held["products"] = [held["products"][0] | {"property_values": []}]
    held |= {axis: [] for axis in AXES}


def _found(call: Call, listing: dict[str, Any]) -> dict[str, Any]:
    file_id = call.number("listing_file_id")
    for item in of(listing):
        if item["listing_file_id"] == file_id:
            return item
    raise not_found("That file does not exist.")


def _view(call: Call, listing: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    del call
    return {
        "listing_file_id": item["listing_file_id"], "listing_id": listing["listing_id"], "rank": item["rank"],
        "filename": escaped(item["filename"]), "filesize": f"{item['size_bytes'] / 1024:.2f} KB",
        "size_bytes": item["size_bytes"], "filetype": "application/octet-stream",
        "create_timestamp": item["at"], "created_timestamp": item["at"],
    }  # fmt: skip
