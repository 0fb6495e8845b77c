"""Etsy's answers as models: what we need of each, and what is told where that is missing."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from etsy_pipeline.etsy.errors import EtsyUnavailable
from etsy_pipeline.listings.characters import unescaped


def _unescaped(value: object) -> object:
    return unescaped(value) if isinstance(value, str) else value  # FACTS §0.9: text comes back HTML-escaped


Text = Annotated[str, BeforeValidator(_unescaped)]
OptionalText = Annotated[str, BeforeValidator(lambda value: _unescaped(value or ""))]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # FACTS §15: tolerate fields we do not know


Model = TypeVar("Model", bound=_Answer)


class EtsyShop(_Answer):
    """A shop. `currency_code` is that of every price we send."""

    shop_id: int
    shop_name: Text
    currency_code: str
    url: str = ""
    user_id: int | None = None
    is_vacation: bool = False
    vacation_message: OptionalText = ""
    country: str | None = Field(default=None, validation_alias="shop_location_country_iso")
    languages: tuple[str, ...] = ()

    @property
    def language(self) -> str:
        """The shop's own, two letters: the first of those that it has."""
        return self.languages[0].partition("-")[0].lower() if self.languages else ""


class EtsyListing(_Answer):
    """A listing as Etsy has it; its text unescaped."""

    listing_id: int
    state: str
    title: Text = ""
    description: Text = ""
    url: str | None = None
    skus: tuple[Text, ...] = ()
    is_private: bool = False


class EtsyImage(_Answer):
    """A picture of a listing."""

    listing_image_id: int
    rank: int = 1


class EtsyFile(_Answer):
    """A file of a download."""

    listing_file_id: int
    filename: Text = ""
    size_bytes: int = 0


class EtsyVideo(_Answer):
    """A video of a listing."""

    video_id: int
    video_state: str = "active"


class EtsySection(_Answer):
    """A section of a shop."""

    shop_section_id: int
    title: Text = ""


def parsed(model: type[Model], answer: Any, what: str, *, may_have_happened: bool = False) -> Model:
    """An answer as a model.

    Raises:
        EtsyUnavailable: `etsy_answer_malformed`.
    """
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_input=False))
        raise malformed(what, fields, may_have_happened=may_have_happened) from None


def malformed(what: str, problem: str, *, may_have_happened: bool = False) -> EtsyUnavailable:
    """An answer from which nothing can be concluded."""
    return EtsyUnavailable(
        f"Etsy's answer on {what} lacks what we need ({problem}).",
        code="etsy_answer_malformed",
        hint="Etsy's API may have changed; look for a newer etsy_pipeline.",
        may_have_happened=may_have_happened,
    )
