"""Etsy's name of a carrier, told from the address at which a parcel is followed; `other` takes every code. Pure."""

from collections.abc import Mapping
from urllib.parse import urlsplit

OTHER = "other"
CARRIERS: Mapping[str, str] = {
    "usps.com": "usps",
    "ups.com": "ups",
    "fedex.com": "fedex",
    "dhl.com": "dhl",
    "dhl.de": "dhl",
    "deutschepost.de": "deutsche-post",
    "dpd.com": "dpd",
    "dpd.de": "dpd",
    "dpd.co.uk": "dpd",
    "gls-group.com": "gls",
    "gls-group.eu": "gls",
    "hermesworld.com": "hermes",
    "myhermes.de": "hermes",
    "laposte.fr": "la-poste",
    "royalmail.com": "royal-mail",
    "canadapost.ca": "canada-post",
    "canadapost-postescanada.ca": "canada-post",
    "auspost.com.au": "australia-post",
}
"""By the end of a host's name."""


def carrier_of(tracking_url: str) -> str:
    """Who carries a parcel, in Etsy's words."""
    try:
        host = (urlsplit(tracking_url).hostname or "").casefold()
    except ValueError:
        return OTHER
    return next((name for end, name in CARRIERS.items() if host == end or host.endswith(f".{end}")), OTHER)
