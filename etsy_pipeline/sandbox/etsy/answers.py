"""What Etsy says: the shapes of its errors, its escaped text, its money (FACTS §0.9, §11)."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

WITHOUT_CENTS = frozenset({"CLP", "ISK", "JPY", "KRW", "VND"})


class EtsyError(Exception):
    """An answer that is an error. `body` None is an empty body."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(body))
        self.status, self.body, self.headers = status, body, dict(headers or {})


class Problem(NamedTuple):
    """One thing that is wrong with a request."""

    path: str
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer; its body as JSON will have it, or its bytes as they were recorded."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def error(status: int, text: str, **headers: str) -> EtsyError:
    """The usual shape."""
    return EtsyError(status, {"error": text}, headers)


def refuse(problems: Sequence[Problem]) -> None:
    """Nothing when there is no problem; one is a sentence, several are an array (FACTS §11)."""
    if len(problems) == 1:
        raise error(400, f"There was a problem with {problems[0].path} : {problems[0].message}")
    if problems:
        raise EtsyError(400, [problem._asdict() for problem in problems])


def not_found(text: str = "Resource not found") -> EtsyError:
    """A 404."""
    return error(404, text)


def escaped(text: str) -> str:
    """Text as Etsy gives it back (FACTS §0.9, §11)."""
    return html.escape(text, quote=True).replace("&#x27;", "&#39;")


def divisor(currency_code: str) -> int:
    """What an amount is divided by (FACTS §7). Assumed: 1 where a currency has no cents, 100 where it has mils."""
    return 1 if currency_code in WITHOUT_CENTS else 100


def money(amount: float | str | Decimal, currency_code: str) -> dict[str, Any]:
    """A money object."""
    parts = divisor(currency_code)
    whole = int((Decimal(str(amount)) * parts).quantize(Decimal(1), ROUND_HALF_UP))
    return {"amount": whole, "divisor": parts, "currency_code": currency_code}


def page(results: Sequence[Any], count: int | None = None) -> dict[str, Any]:
    """A list as Etsy gives it."""
    return {"count": len(results) if count is None else count, "results": list(results)}
