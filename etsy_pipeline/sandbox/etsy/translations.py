"""Texts of listings in other languages. A PATCH of title, description or state spoils them (LISTING_EXTRAS §5)."""

from typing import Any

from etsy_pipeline.sandbox.etsy import listing_rules, shops, stored
from etsy_pipeline.sandbox.etsy.answers import Answer, EtsyError, error, escaped, not_found, refuse
from etsy_pipeline.sandbox.etsy.requests import Call, Fields

PATHS = ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt")  # what the document names for the path
SUPPORTED = ("de", "en-GB", "en-IN", "en-US", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "sv")
OWN_LANGUAGE = "en"
SPOILERS = frozenset({"title", "description", "state"})  # the last one at times (#612): always here


def get(call: Call) -> Answer:
    """GetListingTranslation."""
    listing, language = stored.visible(call), _language(call)
    return Answer(_view(listing, language, _of(listing, language)))


def create(call: Call) -> Answer:
    """CreateListingTranslation: only where there is none (that it is this error is ours)."""
    listing, language, texts = _asked(call)
    if language in listing.get("translations", {}):
        raise error(400, f"A translation into {language} exists already.")
    return _put(call, listing, language, texts)


def replace(call: Call) -> Answer:
    """UpdateListingTranslation: only where there is one."""
    listing, language, texts = _asked(call)
    kept = _of(listing, language)
    return _put(call, listing, language, kept | texts)


def views(listing: dict[str, Any]) -> dict[str, Any]:
    """All of a listing's, by supported language, null where there is none (spec)."""
    there = listing.get("translations", {})
    none = dict.fromkeys(SUPPORTED)
    return {**none, **{language: _view(listing, language, texts) for language, texts in there.items()}}


def check_whole(listing: dict[str, Any]) -> None:
    """One that lacks its description makes every updateListing fail (#364, exact text)."""
    if any(not texts["description"] for texts in listing.get("translations", {}).values()):
        raise error(400, "There was a problem with /description/3 : cannot be empty")


def spoil(listing: dict[str, Any], form: dict[str, str]) -> None:
    """Clear them where a PATCH carries what spoils them: Etsy clears or stales, on purpose (#324)."""
    if SPOILERS & form.keys():
        listing["translations"] = {}


def _asked(call: Call) -> tuple[dict[str, Any], str, dict[str, Any]]:
    shops.own(call)
    listing, language = stored.owned(call), _language(call)
    if language == OWN_LANGUAGE:
        raise error(400, "Cannot create or delete Translations in a Shop's primary language")  # exact (#132)
    fields = Fields(call.form())
    for name in ("title", "description"):
        if not (fields.text(name) or "").strip():
            fields.wrong(name, "cannot be null", "required")
    texts = listing_rules.texts(fields)
    refuse(fields.problems)
    return listing, language, {name: value for name, value in texts.items() if value is not None}


def _put(call: Call, listing: dict[str, Any], language: str, texts: dict[str, Any]) -> Answer:
    texts = {"tags": []} | texts
    listing["translations"] = listing.get("translations", {}) | {language: texts}
    stored.save(call.state, listing)
    return Answer(_view(listing, language, texts))


def _language(call: Call) -> str:
    language = call.path["language"]
    if language not in PATHS:
        raise error(400, f"language must be one of {', '.join(PATHS)}")
    return language


def _of(listing: dict[str, Any], language: str) -> dict[str, Any]:
    found: dict[str, Any] | None = listing.get("translations", {}).get(language)
    if found is None:
        raise _none(language)
    return found


def _none(language: str) -> EtsyError:
    return not_found(f"Could not find a translation into {language}.")


def _view(listing: dict[str, Any], language: str, texts: dict[str, Any]) -> dict[str, Any]:
    return {
        "listing_id": listing["listing_id"], "language": language, "title": escaped(texts["title"]),
        "description": escaped(texts["description"]), "tags": [escaped(tag) for tag in texts.get("tags", [])],
    }  # fmt: skip
