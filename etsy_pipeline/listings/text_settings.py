"""Settings of one shop about texts that Etsy would not take as they are: titles, tags and materials."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

TitleUnfit = Literal["refuse", "clean"]
WhenUnfit = Literal["refuse", "clean", "drop"]
WhenTooLong = Literal["refuse", "cut", "drop"]
WhenTooMany = Literal["refuse", "first"]
Source = Literal["product", "metadata"]


class TextSettings(BaseModel):
    """What is optional on Etsy keeps no product off it by default, but for the guide's limit of 13 tags."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    truncate_title: bool = Field(default=False, description="Cut titles that are too long, at a word, with a warning.")
    title_unfit: TitleUnfit = Field(
        default="refuse",
        description="A title with characters that Etsy refuses (emoji), or with %, :, & or + more than once: refuse, "
        "or clean takes them out, with a warning; also what stands before the first letter or digit, with what "
        "closes it, and of words in capitals all beyond three are written with one.",
    )
    truncate_tags: bool = Field(
        default=False,
        description="The same as tags_too_long=cut and tags_too_many=first, and goes before both.",
    )
    tags_unfit: WhenUnfit = Field(
        default="clean",
        description="Tags with characters that Etsy refuses: clean takes these out, drop leaves the tag out, both with "
        "a warning; refuse keeps the product off Etsy.",
    )
    tags_too_long: WhenTooLong = Field(
        default="drop",
        description="Tags of more than 20 characters: drop leaves them out, as half a phrase may say something else; "
        "cut ends them at a word; both with a warning. refuse keeps the product off Etsy.",
    )
    tags_too_many: WhenTooMany = Field(
        default="refuse",
        description="More than 13 tags: refuse keeps the product off Etsy, as the guide has it; first sends 13, those "
        "of tag_priority before the others, with a warning.",
    )
    tag_priority: tuple[str, ...] = Field(
        default=(), description="Tags that are kept before others where there are too many; * stands for anything."
    )
    tags_left_out: tuple[str, ...] = Field(
        default=("imported_from_etsy*",),
        description="Tags that are not for buyers (`SALE*_*`), in any capitals; * stands for anything, ? for one "
        "character.",
    )
    tags_source: Source = Field(
        default="product",
        description="product: metadata etsy_tags, else the product's tags; metadata: etsy_tags only. An empty "
        "etsy_tags means none.",
    )
    materials_unfit: WhenUnfit = Field(
        default="clean",
        description="Materials with characters that Etsy refuses, or shares in percent; as with tags_unfit.",
    )
    materials_too_many: WhenTooMany = Field(
        default="first",
        description="More than 13 materials: first sends 13, with a warning; refuse keeps the product off.",
    )
    materials_left_out: tuple[str, ...] = Field(
        default=(), description="Materials that are not sent; as tags_left_out."
    )
    materials_source: Source = Field(
        default="product",
        description="product: metadata etsy_materials or materials, else the product's material; metadata: those two.",
    )
