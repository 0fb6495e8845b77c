"""The marketplaces that there are, by name: the one place that knows all of them."""

from collections.abc import Mapping

from etsy_pipeline import wiring
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.etsy import requests
from etsy_pipeline.listings.mapping import validate
from etsy_pipeline.providers.protocols import Provider

LONGEST_NAME_TOLD = 50

PLATFORMS: Mapping[str, Provider] = {
    "etsy": Provider(wiring.oauth_of, wiring.client_for, wiring.shop_client, requests, validate),
}


def provider_of(platform: str) -> Provider:
    """A marketplace by its name.

    Raises:
        BadRequest: `platform_unknown`.
    """
    if platform not in PLATFORMS:
        raise BadRequest(
            f"There is no platform {platform[:LONGEST_NAME_TOLD]!r}.",
            code="platform_unknown",
            hint=f"Known: {', '.join(PLATFORMS)}.",
        )
    return PLATFORMS[platform]
