"""Settings of one shop about the attributes of a category: what Medusa has of them, and where."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Named = dict[str, str]


class AttributeRules(BaseModel):
    """Where attributes come from. They are named as Etsy names them ("Material"), or by Etsy's id of the property.

    Metadata `etsy_attributes` of a product go before all of these. Without these settings nothing else is sent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by_option: Named = Field(default_factory=dict, description="Medusa option → attribute.")
    by_metadata: Named = Field(default_factory=dict, description="Key of a product's metadata → attribute.")
    by_category: dict[str, dict[str, tuple[str, ...]]] = Field(
        default_factory=dict,
        description="Medusa category, type or collection, id or name → attribute → its values, for products that say "
        "nothing of it.",
    )
    guess: bool = Field(
        default=False,
        description="Also options with one value that are called as an attribute is, and material, type and tags that "
        "are, letter by letter, a value of one attribute only. Each attribute is a call.",
    )
    most: int = Field(
        default=10, ge=0, le=50, description="Most attributes of a listing; those that Etsy asks for come first."
    )
    free: Literal["off", "try"] = Field(
        default="off",
        description='Attributes without a list of values (Height: "12 Centimeters"): whether Etsy takes them over its '
        "API is not known. try sends them, and leaves alone for a day what Etsy refuses.",
    )
