"""Settings of one shop about pictures of single variations."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class VariationPictures(BaseModel):
    """Which picture Etsy shows when a buyer chooses a value of a variation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Literal["medusa", "metadata", "none"] | None = Field(
        default=None,
        description="Where a variant's pictures are: medusa (its own images and thumbnail, Medusa 2.11.2 or newer), "
        "metadata (images and thumbnail in the variant's metadata, as plugins for older ones write them) or none: no "
        "picture is linked to a value. null is none, too, and plans say which products have such pictures.",
    )
    option: str | None = Field(
        default=None,
        description="The Medusa option whose values get pictures, where a product has it: Etsy takes one a listing. "
        "null: the one whose values the pictures tell apart best, and of equals the one that is a color.",
    )
