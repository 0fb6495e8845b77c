"""What may come in: text without control characters, ids of bounded length, pages."""

from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import BaseModel, Field, StringConstraints

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"  # PostgreSQL stores no NUL, and no id or name has a line break
NOTE = r"^[^\x00]*$"
MAX_PRODUCTS = 100_000
MAX_A_PAGE = 500

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=PRINTABLE)]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=NOTE)]
ProductId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[!-~]+$")]
ProductIds = Annotated[list[ProductId], Field(max_length=MAX_PRODUCTS)]

AccountPath = Annotated[str, Path(max_length=100, pattern=PRINTABLE, description="The account's id, etsy_acc_….")]
TransactionPath = Annotated[str, Path(max_length=100, pattern=PRINTABLE, description="The sync's id, wf_….")]
IdFilter = Annotated[str | None, Query(max_length=200, pattern=PRINTABLE)]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1, max_length=200, pattern=r"^[!-~]+$", description="Sent again with it, a request is done once."
    ),
]


class Paging(BaseModel):
    """Which part of a list."""

    limit: int = Field(default=50, ge=1, le=MAX_A_PAGE, description="At most so many.")
    offset: int = Field(default=0, ge=0, le=10_000_000, description="How many to leave out.")


Page = Annotated[Paging, Query()]
