"""Videos of listings, by the rules of 2026-10-21: two at most, none replaces another (LISTING_EXTRAS §2)."""

import hashlib
from typing import Any

from etsy_pipeline.sandbox.etsy import shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, not_found, page
from etsy_pipeline.sandbox.etsy.requests import Call
from etsy_pipeline.sandbox.state import State

MAX, MAX_BYTES = 2, 100 * 1024 * 1024
UPLOADS_A_DAY, DAY_SECONDS = 10, 86_400
SUFFIXES = (".mp4", ".mov", ".m4v", ".mpeg", ".mpg", ".avi", ".webm")
FIRST_ID = 9_100_000_000
LOOKS_IN_WORK = 1  # reads that tell of a new one that it is still worked on (how long Etsy takes is unknown)


def get_all(call: Call) -> Answer:
    """GetListingVideos; each look brings one that is worked on nearer to its end."""
    listing = stored.visible(call)
    answer = Answer(page(views(call.state, listing)))
    for item in of(listing):
        item["looks"] = item.get("looks", 0) + 1
    stored.save(call.state, listing)
    return answer


def get(call: Call) -> Answer:
    """GetListingVideo."""
    listing = stored.visible(call)
    return Answer(_view(call.state, _found(call, listing)))


def upload(call: Call) -> Answer:
    """uploadListingVideo: a third is a 409, the eleventh of a day a 429. `is_multi_video` is gone (D1760)."""
    shops.own(call)
    listing = stored.owned(call)
    if "is_multi_video" in call.query:
        raise error(400, "Unknown parameter is_multi_video")
    name, content = call.fields.get("name", ""), call.files.get("video", ("", b""))[1]
    if not content or not name.lower().endswith(SUFFIXES):  # `video_id` is not built here
        raise error(400, "Either a valid video file and its name or a video_id must be provided.")
    if len(content) > MAX_BYTES:
        raise error(400, "There was a problem with /video : The file is too large.")
    now = int(call.state.now())
    uploads = [at for at in listing.get("video_uploads", []) if at > now - DAY_SECONDS]
    if len(uploads) >= UPLOADS_A_DAY:
        wait = str(uploads[0] + DAY_SECONDS - now)
        raise EtsyError(429, {"error": "Too many videos were uploaded to this listing today."}, {"retry-after": wait})
    if len(of(listing)) >= MAX:
        raise error(409, f"A listing can have {MAX} videos. Delete one before uploading another.")
    digest = hashlib.sha256(content).hexdigest()
    video = {"video_id": call.state.number("video", FIRST_ID), "sha256": digest, "at": now}
    listing |= {"videos": [*of(listing), video], "video_uploads": [*uploads, now]}
    stored.save(call.state, listing)
    return Answer(_view(call.state, video), 201)


def delete(call: Call) -> Answer:
    """DeleteListingVideo."""
    shops.own(call)
    listing = stored.owned(call)
    gone = _found(call, listing)
    listing["videos"] = [item for item in of(listing) if item is not gone]
    stored.save(call.state, listing)
    return Answer(None, 204)


def of(listing: dict[str, Any]) -> list[dict[str, Any]]:
    """A listing's videos."""
    found: list[dict[str, Any]] = listing.get("videos", [])
    return found


def views(state: State, listing: dict[str, Any]) -> list[dict[str, Any]]:
    """A listing's videos as Etsy gives them: neither content nor name is told."""
    return [_view(state, item) for item in of(listing)]


def _found(call: Call, listing: dict[str, Any]) -> dict[str, Any]:
    video_id = call.number("video_id")
    for item in of(listing):
        if item["video_id"] == video_id:
            return item
    raise not_found("That video does not exist.")


def _view(state: State, item: dict[str, Any]) -> dict[str, Any]:
    base = state.setting("base_url", "")
    shown = item.get("state") or ("active" if item.get("looks", 0) >= LOOKS_IN_WORK else "inactive")
    return {
        "video_id": item["video_id"], "height": 720, "width": 1280, "video_state": shown,
        "thumbnail_url": f"{base}/videos/{item['video_id']}.jpg",
        "video_url": f"{base}/videos/{item['video_id']}.mp4",
    }  # fmt: skip
