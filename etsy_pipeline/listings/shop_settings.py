"""The settings of one Etsy shop: the only home of a per-shop choice, validated when written (`api_config`)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.catalogue.stock_places import SoldFrom
from etsy_pipeline.errors import BadRequest
from etsy_pipeline.listings.attribute_settings import AttributeRules
from etsy_pipeline.listings.eu_guarantee import FIELDS as GUARANTEE_FIELDS
from etsy_pipeline.listings.listing import ListingType, PersonalizationQuestion, PublishAs, WhoMade
from etsy_pipeline.listings.order_settings import OrderSettings
from etsy_pipeline.listings.picture_settings import VariationPictures
from etsy_pipeline.listings.plan_settings import (
    ADOPTED_KEEPS,
    FIELDS,
    REQUIRED_AT_BIRTH,
    ApprovalPolicy,
    BrakeLimits,
    CreateFirst,
    OnConflict,
    Owner,
    WhenChanged,
    WhenEarly,
    WhenEnded,
)
from etsy_pipeline.listings.price_settings import Conversion, Currency, PriceListRule, PriceTax
from etsy_pipeline.listings.templates import checked
from etsy_pipeline.listings.text_settings import TextSettings

RoundingRule = Literal["none", "nearest", "ninety_nine", "whole"]
SectionFrom = Literal["settings", "category", "collection"]
Named = Annotated[int | str, Field(union_mode="left_to_right")]  # an id, or a name as Etsy shows it

OF_PRODUCT = ("title", "description", "material", "category", "handle", "options")
OF_PICTURE = ("title", "options", "number", "count", "position")

TextTemplate = Annotated[str, AfterValidator(lambda template: checked(template, OF_PRODUCT))]
AltTextTemplate = Annotated[str, AfterValidator(lambda template: checked(template, OF_PICTURE))]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceRule(_Settings):
    """From Medusa's price to Etsy's: price × (1 + markup_percent / 100) + markup_fixed, then rounded, then limited.

    Before that, tax is added or taken off (`PriceTax`), and the amount converted.
    """

    markup_percent: Decimal = Field(default=Decimal(0), ge=-100, le=1000, description="Percent added to every price.")
    markup_fixed: Decimal = Field(default=Decimal(0), description="Amount added, in the shop's currency.")
    rounding: RoundingRule = Field(
        default="nearest",
        description="nearest: to the currency's decimals; ninety_nine: up to ….99; whole: to the nearest whole amount; "
        "none: a price with too many decimals is an error.",
    )
    floor: Decimal | None = Field(default=None, gt=0, description="No price goes below; a lower one is raised to it.")
    ceiling: Decimal | None = Field(
        default=None, gt=0, description="No price goes above; a higher one is lowered to it."
    )
    convert: Conversion | None = Field(
        default=None,
        description="Prices of another currency, at a fixed rate, where Medusa has none in the shop's: "
        '{"from_currency": "EUR", "rate": 1.08}.',
    )
    currency: Currency | None = Field(
        default=None,
        description="The currency of the shop for which markup_fixed, floor, ceiling and convert.rate are meant. While "
        "the shop sells in another one, products that need them are refused. Filled in when a new currency of the shop "
        "is accepted; null: whatever the shop sells in.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> "PriceRule":
        if self.floor is not None and self.ceiling is not None and self.floor > self.ceiling:
            raise ValueError(f"floor {self.floor} is above ceiling {self.ceiling}")
        return self


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


class GroupRule(_Settings):
    """What holds for the products of one Medusa category (and of those below it), type or collection."""

    taxonomy_id: int | None = Field(default=None, description="Etsy taxonomy id.")
    shipping_profile: Named | None = Field(default=None, description="Etsy shipping profile.")
    processing_profile: Named | None = Field(default=None, description="Etsy processing profile.")
    shop_section: Named | None = Field(default=None, description="Etsy shop section.")
    extra_tags: tuple[str, ...] = Field(default=(), description="Tags beside the product's and the shop's.")
    price: PriceRule | None = Field(default=None, description="In place of the shop's whole `price`.")


class ShopSettings(TextSettings):
    """Every choice a shop owner can make. Profiles, policies, sections and partners are named by id or by name."""

    shipping_profile: Named | None = Field(
        default=None, description="Etsy shipping profile of every listing: id or name."
    )
    return_policy: Named | None = Field(default=None, description="Etsy return policy; not needed for EU-based shops.")
    processing_profile: Named | None = Field(default=None, description="Etsy processing profile (readiness state).")
    shop_section: Named | None = Field(default=None, description="Etsy shop section.")
    section_by_category: dict[str, Named] = Field(
        default_factory=dict, description="Medusa category, type or collection, id or name → Etsy shop section."
    )
    section_from: SectionFrom = Field(
        default="settings",
        description="The section of products for which neither metadata nor section_by_category names one: settings "
        "takes shop_section; category the topmost Medusa category, collection the collection, each by its name.",
    )
    make_sections: bool = Field(
        default=False,
        description="Whether a section that is named and not there is made when its plan is approved and published. "
        "Takes shops_w in ETSY_SCOPE.",
    )
    production_partners: tuple[Named, ...] = Field(default=(), description="Etsy production partners.")
    default_taxonomy_id: int | None = Field(default=None, description="Etsy category of products that name none.")
    taxonomy_by_category: dict[str, int] = Field(
        default_factory=dict, description="Medusa category, type or collection, id or name → Etsy taxonomy id."
    )
    by_category: dict[str, GroupRule] = Field(
        default_factory=dict,
        description="Medusa category, type or collection, id or name → what holds for its products: any of "
        "taxonomy_id, shipping_profile, processing_profile, shop_section, extra_tags and price. The most specific one "
        "that says something decides: own categories, those above them, type, collection. Goes before the two maps of "
        "this kind.",
    )
    thumbnail_first: bool = Field(
        default=True,
        description="Medusa's thumbnail is a listing's first picture, also where it is not among the product's others.",
    )
    in_no_sales_channel: Literal["sell", "leave"] = Field(
        default="sell",
        description="A product that is in no sales channel of Medusa: sell it on Etsy all the same, or leave it (and "
        "take it off sale there).",
    )
    title_template: TextTemplate = Field(default="{title}", description="Title of every listing, from the product's.")
    description_template: TextTemplate = Field(default="{description}", description="Description of every listing.")
    alt_text_template: AltTextTemplate = Field(
        default="{title}, {options}",
        description="What a picture shows, for who cannot see it. options: what its own variants are, else what all "
        "are; position: 2/5, which also ends texts that would be those of several pictures.",
    )
    update_alt_texts: bool = Field(
        default=False,
        description="Whether pictures that are on a listing get another text when its title, options or the template "
        "change: a call for each, and nothing is uploaded. Off: they keep the text that they came with.",
    )
    variation_images: VariationPictures = VariationPictures()
    extra_tags: tuple[str, ...] = Field(default=(), description="Tags that every listing gets beside its own.")
    styles: tuple[str, ...] = Field(
        default=(), description="Etsy styles; sent at creation only, which is all Etsy takes."
    )
    who_made: WhoMade = "i_did"
    when_made: str = "made_to_order"
    when_made_year: int | None = Field(
        default=None,
        ge=2021,
        lt=2100,
        description="The year that Etsy's newest range of when_made ends with (2020_2026), where Etsy changes it "
        "earlier or later than the calendar does; null: the current year.",
    )
    is_supply: bool = False
    is_customizable: bool | None = Field(default=None, description="Custom orders; sent at creation only.")
    is_taxable: bool | None = Field(
        default=None, description="Whether the shop's tax rates apply; None leaves it to Etsy."
    )
    type: ListingType = "physical"
    personalization: tuple[PersonalizationQuestion, ...] = Field(default=(), description="What buyers are asked.")
    eu_guarantee: dict[str, str] = Field(default_factory=dict, description="Etsy's ecgt_… fields, by their names.")
    variation_properties: dict[str, int] = Field(
        default_factory=dict, description="Medusa option → Etsy property id; 0 makes it a custom one."
    )
    attributes: AttributeRules = Field(
        default=AttributeRules(), description="Attributes of the category, such as Material: where they come from."
    )
    use_standard_properties: bool = Field(
        default=True, description="Vary by Etsy's own properties (Size, Color) where category and values allow it."
    )
    publish_as: PublishAs = Field(default="active", description="draft leaves new listings for the owner to publish.")
    should_auto_renew: bool = Field(default=False, description="Renewal costs a fee every four months.")
    weight_unit: Literal["oz", "lb", "g", "kg"] = Field(default="g", description="Unit of Medusa's weights.")
    dimensions_unit: Literal["in", "ft", "mm", "cm", "m", "yd", "inches"] = Field(
        default="cm", description="Unit of Medusa's lengths."
    )
    price: PriceRule = PriceRule()
    price_lists: PriceListRule = PriceListRule()
    price_tax: PriceTax = PriceTax()
    quantity: QuantityRule = QuantityRule()
    selection: Selection = Field(default=Selection(), description="Which Medusa products this shop sells.")
    stock_locations: tuple[str, ...] = Field(
        default=(),
        description="Medusa stock locations (sloc_…) whose pieces are sold, and no others. Empty: those that are "
        "linked to one of selection.sales_channel_ids, and where none is chosen, to one of the product's own sales "
        "channels (a product in none: to any).",
    )
    deactivate_removed: bool = Field(
        default=True, description="Deactivate listings of products that are gone, unpublished or out of stock."
    )
    ownership: dict[str, Owner] = Field(
        default_factory=dict,
        description="Field → owned (ours, always; the default), create_only (ours at birth) or seller (never touched).",
    )
    adopted_keeps: tuple[str, ...] = Field(
        default=ADOPTED_KEEPS,
        description="Fields that a listing leaves to its seller when it is adopted (docs/adopting.md); price and "
        "quantity have a setting of their own.",
    )
    adopted_price_and_stock: bool = Field(
        default=False, description="Whether Medusa's price and quantity hold for a listing as soon as it is adopted."
    )
    on_conflict: OnConflict = Field(
        default="overwrite", description="What a plan does with fields that someone changed on Etsy: overwrite or keep."
    )
    broken_images: Literal["fail", "warn"] = Field(
        default="fail",
        description="A picture that cannot be had: fail leaves its product as it is, warn publishes it without that "
        "picture (those that are on the listing stay) and tries again with the next sync.",
    )
    image_check: Literal["address", "content"] = Field(
        default="address",
        description="How a plan sees that a picture changed: by its address, which is a new one for each upload to "
        "Medusa; or by content, which asks for each published picture once a plan.",
    )
    renew_sold_out: WhenEnded = Field(
        default="ask",
        description="A listing that sold out on Etsy, and Medusa has more stock than before the sale. Renewing costs a "
        "fee. never: it stays sold out; ask: it is planned, and a person decides; auto: the policy may approve it, up "
        "to brakes.fees_per_month_usd.",
    )
    renew_expired: WhenEnded = Field(
        default="never",
        description="A listing whose four paid months are over, and Medusa still sells it: never, ask or auto, as with "
        "renew_sold_out.",
    )
    check_live: bool = Field(
        default=True,
        description="Read the live listings for each plan: two calls for 100 of them. Off: only after Etsy's webhooks "
        "told of orders.",
    )
    brakes: BrakeLimits = BrakeLimits()
    approval: ApprovalPolicy = ApprovalPolicy()
    approval_expires_hours: Decimal | None = Field(
        default=Decimal(72),
        gt=0,
        le=8760,
        description="Hours after which an approved plan whose publication has not begun is called off; null: never.",
    )
    early_confirm: WhenEarly = Field(
        default="conditional",
        description="A confirmation that comes before the plan: conditional applies it to a plan without brakes, "
        "conflicts and high fees, and else asks again; refuse refuses it.",
    )
    early_confirm_fees_usd: Decimal = Field(
        default=Decimal(20), ge=0, description="The most fees of a plan that was confirmed before it was drawn up."
    )
    same_refusal_limit: int | None = Field(
        default=10,
        ge=2,
        description="Products in a row that are refused for the same reason, after which a publication stops and waits "
        "for a person; null: never.",
    )
    create_first: CreateFirst = Field(
        default="plan_order",
        description="Which new products a plan of several days creates first: plan_order (as Medusa lists them, the "
        "oldest first), newest or dearest. Deactivations, price and stock, and other updates come before all of them.",
    )
    changed_while_waiting: WhenChanged = Field(
        default="fewer_pieces",
        description="What happens to an approved product that changed in Medusa before it was sent: fewer_pieces "
        "sends it where only stock fell (and takes it off sale where none is left), and asks about everything else; "
        "ask always asks.",
    )
    scan_nightly: bool = Field(
        default=True, description="Whether each night all of the shop's listings are looked through: 1.1 calls for 100."
    )
    scan_max_age_hours: Decimal = Field(
        default=Decimal(24),
        gt=0,
        le=720,
        description="Hours that a look through all of the shop's listings is good for: nothing is created without one.",
    )
    schedule_enabled: bool = Field(default=False, description="Whether the daily sync plans this shop.")
    share_of_calls: int = Field(
        default=1,
        ge=1,
        le=100,
        description="This shop's weight among the shops that share an Etsy API key: while calls are short, one with 2 "
        "gets twice as many as one with 1. A shop that is alone gets all of them.",
    )
    tell_medusa: bool = Field(
        default=False,
        description="Whether each product's metadata in Medusa name its listing: etsy_listing_url and "
        "etsy_listing_state, written after each publication. For one shop of a Medusa only.",
    )
    orders: OrderSettings = OrderSettings()
    stock_poll_minutes: int | None = Field(
        default=None,
        ge=1,
        le=60,
        description="Minutes between two looks at Medusa's stock alone; what changed is planned at once (price and "
        "stock only). null: never, and Medusa's events (`POST /webhooks/medusa`) are not followed for this shop.",
    )

    @property
    def sold_from(self) -> SoldFrom:
        """Whose stock counts."""
        return SoldFrom(self.stock_locations, self.selection.sales_channel_ids)

    @model_validator(mode="after")
    def _known_names(self) -> "ShopSettings":
        _require_known("ownership", self.ownership, FIELDS)
        _require_known("adopted_keeps", dict.fromkeys(self.adopted_keeps), FIELDS)
        _require_known("eu_guarantee", self.eu_guarantee, GUARANTEE_FIELDS)
        for name, owner in self.ownership.items():
            if owner == "seller" and name in REQUIRED_AT_BIRTH:
                raise ValueError(f"ownership.{name}: Etsy takes no listing without it; choose owned or create_only")
        return self


def parse_settings(
    values: Mapping[str, Any],
    *,
    whose: str = "These shop settings",
    hint: str = "docs/settings.md lists every setting and its limits.",
) -> ShopSettings:
    """Validate settings.

    Args:
        values: setting → value.
        whose: begins the message that they cannot be used.
        hint: what to do then.

    Raises:
        BadRequest: `shop_settings_invalid`.
    """
    try:
        return ShopSettings.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc'])) or 'settings'}: {item['msg']} (given: {_given(item.get('input'))})"
            for item in error.errors()
        )
        raise BadRequest(
            f"{whose} cannot be used: {problems}.",
            code="shop_settings_invalid",
            hint=hint,
        ) from None


def unknown_in(values: Mapping[str, Any]) -> frozenset[str]:
    """The names, with dots, of what is no setting of this version."""
    try:
        ShopSettings.model_validate(values)
    except ValidationError as error:
        wrong = error.errors()
        return frozenset(".".join(map(str, item["loc"])) for item in wrong if item["type"] == "extra_forbidden")
    return frozenset()


def _require_known(setting: str, given: Mapping[str, object], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"{setting}.{name} is not known; there are {', '.join(known)}")


def _given(value: object) -> str:
    return repr(value) if not isinstance(value, Mapping) else f"{{{', '.join(map(str, value))}}}"
