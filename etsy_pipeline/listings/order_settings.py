"""Settings of one shop about its orders on Etsy: what is done with them, and since when."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

OrderMode = Literal["off", "observe", "stock", "orders"]


class OrderSettings(BaseModel):
    """What becomes of a shop's orders on Etsy in Medusa. They shape no listing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: OrderMode = Field(
        default="off",
        description="What is done with orders on Etsy. off: they are not read; observe: they are read and shown; "
        "stock: each sale is reserved in Medusa, so that its stock falls; orders: each becomes an order in Medusa. All "
        "but off take the permission transactions_r: connect the shop again after switching it on.",
    )
    since: AwareDatetime | None = Field(
        default=None,
        description="Orders of before are left alone (a moment with its zone, like 2026-11-25T18:00:00Z). Set to the "
        "moment at which the mode is switched on, unless you say otherwise.",
    )
    poll_minutes: int = Field(
        default=6,
        ge=1,
        le=60,
        description="Minutes between two looks for orders: one call each; two minutes at most for 20 minutes after an "
        "order changed. Webhooks are quicker.",
    )
    return_refunded: bool = Field(
        default=False,
        description="Whether an order that is refunded in full before it was shipped, and not canceled, gives its "
        "stock back. Off: a person decides.",
    )
    keep_buyers_days: int = Field(
        default=30,
        ge=0,
        le=365,
        description="Days that a buyer's data are kept after the order is done. Mode orders only.",
    )
    region_id: str | None = Field(default=None, description="Medusa's region of orders from Etsy. Mode orders only.")
    sales_channel_id: str | None = Field(
        default=None, description="Medusa's sales channel of orders from Etsy. Mode orders only."
    )
    shipping_option_id: str | None = Field(
        default=None, description="Medusa's shipping option of orders from Etsy. Mode orders only."
    )
    email_domain: str = Field(
        default="etsy.invalid",
        pattern=r"^[A-Za-z0-9.-]{1,100}$",
        description="Domain of the made-up address by which an order is found again in Medusa. Mode orders only.",
    )
    send_tracking: bool = Field(
        default=False,
        description="Whether tracking codes of shipments in Medusa are sent to Etsy, which writes to the buyer. Takes "
        "the permission transactions_w as well.",
    )

    @property
    def is_on(self) -> bool:
        """Whether orders are read at all."""
        return self.mode != "off"

    @property
    def scopes(self) -> tuple[str, ...]:
        """The permissions that this takes beside those for listings."""
        if not self.is_on:
            return ()
        return ("transactions_r", "transactions_w") if self.send_tracking else ("transactions_r",)
