"""The settings of one Etsy shop: the only home of a per-shop choice, validated when written (`api_config`)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.listing import ListingType, PublishAs, WhoMade

RoundingRule = Literal["none", "nearest", "ninety_nine", "whole"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceRule(_Settings):
    """From Medusa's price to Etsy's: price × (1 + markup_percent / 100) + markup_fixed, then rounded, then limited."""

    markup_percent: Decimal = Field(default=Decimal(0), ge=-100, le=1000, description="Percent added to every price.")
    markup_fixed: Decimal = Field(default=Decimal(0), description="Amount added, in the shop's currency.")
    rounding: RoundingRule = Field(
        default="nearest",
        description="nearest: to the currency's decimals; ninety_nine: up to ….99; whole: up to a whole amount; "
        "none: a price with too many decimals is an error.",
    )


class QuantityRule(_Settings):
    """From Medusa's stock to Etsy's quantity."""

    buffer: int = Field(default=0, ge=0, description="Pieces held back from Etsy, per variant.")
    cap: int = Field(default=999, ge=1, le=999, description="Most pieces shown per variant (Etsy's limit is 999).")
    unmanaged: int = Field(
        default=1,
        ge=1,
        le=999,
        description="Quantity of variants whose stock Medusa does not track, or that take backorders.",
    )


class ShopSettings(_Settings):
    """Every choice a shop owner can make. Ids are Etsy's and differ from shop to shop."""

    shipping_profile_id: int | None = Field(default=None, description="Etsy shipping profile of every listing.")
    return_policy_id: int | None = Field(default=None, description="Etsy return policy; not needed for EU-based shops.")
    readiness_state_id: int | None = Field(default=None, description="Etsy processing profile (readiness state).")
    shop_section_id: int | None = Field(default=None, description="Etsy shop section.")
    default_taxonomy_id: int | None = Field(default=None, description="Etsy category of products that name none.")
    taxonomy_by_category: dict[str, int] = Field(
        default_factory=dict, description="Medusa category id or name → Etsy taxonomy id."
    )
    who_made: WhoMade = "i_did"
    when_made: str = "made_to_order"
    is_supply: bool = False
    type: ListingType = "physical"
    production_partner_ids: tuple[int, ...] = ()
    publish_as: PublishAs = Field(default="active", description="draft leaves new listings for the owner to publish.")
    should_auto_renew: bool = Field(default=False, description="Renewal costs a fee every four months.")
    weight_unit: Literal["oz", "lb", "g", "kg"] = Field(default="g", description="Unit of Medusa's weights.")
    dimensions_unit: Literal["in", "ft", "mm", "cm", "m"] = Field(default="cm", description="Unit of Medusa's lengths.")
    price: PriceRule = PriceRule()
    quantity: QuantityRule = QuantityRule()
    selection: Selection = Field(default=Selection(), description="Which Medusa products this shop sells.")
    schedule_enabled: bool = Field(default=False, description="Whether the daily sync plans this shop.")


def parse_settings(values: Mapping[str, Any]) -> ShopSettings:
    """Validate settings.

    Raises:
        BadRequest: `shop_settings_invalid`.
    """
    try:
        return ShopSettings.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg']} (given: {item.get('input')!r})"
            for item in error.errors()
        )
        raise BadRequest(
            f"These shop settings cannot be used: {problems}.",
            code="shop_settings_invalid",
            hint="docs/settings.md lists every setting and its limits.",
        ) from None
