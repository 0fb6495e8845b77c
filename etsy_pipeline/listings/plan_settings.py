"""Settings of one shop about plans: which fields are ours, when a plan needs care, what a policy may approve."""

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Owner = Literal["owned", "create_only", "seller"]
OnConflict = Literal["overwrite", "keep"]
CreateFirst = Literal["plan_order", "newest", "dearest"]
WhenChanged = Literal["fewer_pieces", "ask"]
WhenEnded = Literal["never", "ask", "auto"]
WhenEarly = Literal["conditional", "refuse"]

# Everything that a plan may change, in the words of plans. Those that Etsy requires of every listing cannot be the
# seller's from the start: there is no listing without them.
REQUIRED_AT_BIRTH = (
    "title", "description", "price", "quantity", "variations", "taxonomy_id", "who_made", "when_made",
    "shipping_profile", "processing_profile", "type",
)  # fmt: skip
FIELDS = (
    *REQUIRED_AT_BIRTH, "sku", "tags", "materials", "return_policy", "shop_section", "weight", "dimensions",
    "production_partners", "is_supply", "is_taxable", "should_auto_renew", "images", "personalization", "eu_guarantee",
    "variation_images", "attributes", "videos", "files", "translations",
)  # fmt: skip
ADOPTED_KEEPS = tuple(name for name in FIELDS if name not in {"price", "quantity"})
"""What an adopted listing leaves to its seller unless a person wants otherwise: a first sync spoils nothing."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrakeLimits(_Settings):
    """When a plan needs a second look. A brake never forbids: a person can approve such a plan, a policy cannot."""

    price_change_percent: Decimal = Field(
        default=Decimal(30), gt=0, description="A price that moves by more than this brakes."
    )
    deactivations_percent: Decimal = Field(
        default=Decimal(10),
        ge=0,
        le=100,
        description="More of the shop's listings deactivated at once than this brake.",
    )
    shrunk_percent: Decimal = Field(
        default=Decimal(20),
        ge=0,
        le=100,
        description="A catalogue that lost more of the products that are on sale than this brakes; one or two products "
        "only where they are more than half.",
    )
    fees_usd: Decimal = Field(default=Decimal(20), ge=0, description="Listing fees of one plan, in US dollars.")
    fees_per_month_usd: Decimal | None = Field(
        default=None,
        ge=0,
        description="Listing fees of a calendar month (UTC), in US dollars: a plan that goes beyond brakes, and "
        "renewals that are `auto` need no person below it. null: no limit, and no renewal without a person.",
    )


class ApprovalPolicy(_Settings):
    """What is approved without a person: small changes of price and stock; never a fee, a brake or a conflict."""

    auto_approve: bool = Field(default=False, description="Approve plans that hold safe changes only.")
    price_change_percent: Decimal = Field(
        default=Decimal(10), ge=0, description="The most that a price may move in such a plan."
    )
    most_products: int = Field(default=500, ge=1, description="The most products that such a plan may change.")
    lower_stock: bool = Field(
        default=False,
        description="Approve plans that do nothing but take pieces off sale that Medusa no longer has, whatever "
        "auto_approve says: nobody has to be asked, and nothing is oversold meanwhile. Brakes still ask.",
    )
