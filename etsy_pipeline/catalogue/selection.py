"""Which products of the catalogue a sync is about."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ProductStatus = Literal["draft", "proposed", "published", "rejected"]


class Selection(BaseModel):
    """Filters that all have to match; an empty one does not filter. Each value is a Medusa id, except `statuses`.

    The default selects the whole catalogue in every status, so that a product that was unpublished is seen as such
    and not as removed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_ids: tuple[str, ...] = Field(default=(), description="Medusa product ids (prod_…).")
    tag_ids: tuple[str, ...] = Field(default=(), description="Medusa tag ids (ptag_…).")
    collection_ids: tuple[str, ...] = Field(default=(), description="Medusa collection ids (pcol_…).")
    sales_channel_ids: tuple[str, ...] = Field(default=(), description="Medusa sales channel ids (sc_…).")
    category_ids: tuple[str, ...] = Field(
        default=(), description="Medusa category ids (pcat_…); those below them are meant, too."
    )
    type_ids: tuple[str, ...] = Field(default=(), description="Medusa product type ids (ptyp_…).")
    statuses: tuple[ProductStatus, ...] = Field(default=(), description="Medusa product statuses.")
