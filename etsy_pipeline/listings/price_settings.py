"""Settings of one shop about which of Medusa's prices count, in which currency, and with or without tax."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from etsy_pipeline.listings.shop import EU

EtsyPrice = Literal["as_medusa", "with_tax", "without_tax"]
Currency = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
EVERY_EU_COUNTRY = "EU"


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriceListRule(_Settings):
    """Which of Medusa's price lists count, of those that hold for everybody when the catalogue is read."""

    override: bool = Field(
        default=True,
        description="Price lists of the type override: customers pay what they say, in place of the plain price.",
    )
    sale: bool = Field(
        default=False,
        description="Price lists of the type sale: customers pay the lower price for a while. Lists for customer "
        "groups or regions never count.",
    )


def _country(name: object) -> object:
    code = str(name).upper()
    return "GB" if code == "UK" else code


def _known(code: str) -> str:
    if len(code) != 2 or not code.isalpha() or not code.isascii():  # noqa: PLR2004 - ISO 3166
        raise ValueError(f"{code!r} is neither EU nor a country's two letters")
    return code


CountryGroup = Annotated[str, BeforeValidator(_country), AfterValidator(_known)]


class PriceTax(_Settings):
    """Whether Etsy's price is with tax. Medusa says of each currency whether its own is (price preferences)."""

    etsy_price: EtsyPrice | None = Field(
        default=None,
        description="with_tax: tax is added where Medusa's price is without; without_tax: it is taken off where it is "
        "with; as_medusa: the amount is sent as it is. null: as_medusa, but where customers have to be shown prices "
        "with tax (EU, GB, …) a price without is an error.",
    )
    rates: dict[CountryGroup, Percent] = Field(
        default_factory=dict,
        description="Percent of tax by the country that the shop is in, such as rates.DE=19; EU stands for every "
        "country of the EU that has none of its own.",
    )

    def rate(self, country: str) -> Decimal | None:
        """Percent of tax for a shop in a country (ISO 3166, two letters); None where none is set."""
        return self.rates.get(country, self.rates.get(EVERY_EU_COUNTRY) if country in EU else None)


class Conversion(_Settings):
    """A fixed rate of the shop's, for a Medusa without prices in the shop's currency."""

    from_currency: Currency = Field(description="Currency of Medusa's prices that are converted, such as EUR.")
    rate: Decimal = Field(
        gt=0,
        le=1_000_000,
        description="What one unit of it is worth in the shop's currency. It stays until you change it.",
    )
    always: bool = Field(default=False, description="Convert even where Medusa has a price in the shop's own currency.")
