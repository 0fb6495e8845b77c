"""What this process does, in numbers and spans, for whoever listens: `otel.py`, where OpenTelemetry is switched on.

Else nobody does, and each of these costs a look at one name. What is told is ids of ours and of Medusa, states, codes
and counts: no titles, no buyers, no tokens, no query of an address.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Literal, Protocol

from etsy_pipeline.errors import PipelineError

Value = str | int | float
SpanKind = Literal["internal", "client"]

CALL_SECONDS = "http.client.request.duration"  # OpenTelemetry's own name: its dashboards know it
CALL_WAIT_SECONDS = "etsy_pipeline.calls.wait"
CALLS_LEFT = "etsy_pipeline.calls.left"
SYNCS = "etsy_pipeline.syncs"
ORDER_LAG_SECONDS = "etsy_pipeline.orders.lag"  # from the sale to the books; 95 of 100 are faster
ORDERS_READ_SECONDS = "etsy_pipeline.orders.read"  # since Etsy was last asked for them
PRODUCTS = "etsy_pipeline.products"


class Span(Protocol):
    """Something that takes a while."""

    def note(self, **attributes: Value) -> None:
        """What is known of it only later. `__` in a name stands for a dot."""


class Listener(Protocol):
    """Whoever is told."""

    def span(self, name: str, kind: SpanKind, attributes: dict[str, Value]) -> AbstractContextManager[Span]:
        """Begins and ends with the block; an error that leaves it is noted by its code alone."""

    def count(self, name: str, number: int, attributes: dict[str, Value]) -> None:
        """So many more."""

    def measure(self, name: str, value: float, attributes: dict[str, Value]) -> None:
        """One of many values, of which the distribution is of interest."""

    def set(self, name: str, value: float, attributes: dict[str, Value]) -> None:
        """The value now."""


class _NoSpan:
    def note(self, **attributes: Value) -> None:
        """Nobody listens."""


_NO_SPAN = _NoSpan()
_listener: Listener | None = None
_run: ContextVar[str | None] = ContextVar("run", default=None)


def tell(listener: Listener | None) -> None:
    """Who is told from now on."""
    global _listener  # noqa: PLW0603 - one of a process, as with logs
    _listener = listener


def is_told() -> bool:
    """Whether anybody listens."""
    return _listener is not None


@contextmanager
def of_run(run_id: str) -> Iterator[None]:
    """What begins within the block belongs to a run of Dagster, whose id is that of the trace."""
    before = _run.get()
    _run.set(run_id)
    try:
        yield
    finally:
        _run.set(before)


def run_id() -> str | None:
    """The run of Dagster to which this belongs."""
    return _run.get()


@contextmanager
def span(name: str, kind: SpanKind = "internal", /, **attributes: Value) -> Iterator[Span]:
    """Something that takes a while; `__` in an attribute's name stands for a dot."""
    if _listener is None:
        yield _NO_SPAN
        return
    with _listener.span(name, kind, dotted(attributes)) as begun:
        yield begun


def count(name: str, number: int = 1, **attributes: Value) -> None:
    """So many more."""
    if _listener is not None and number:
        _listener.count(name, number, dotted(attributes))


def measure(name: str, value: float, **attributes: Value) -> None:
    """One of many values."""
    if _listener is not None:
        _listener.measure(name, value, dotted(attributes))


def set_to(name: str, value: float, **attributes: Value) -> None:
    """The value now."""
    if _listener is not None:
        _listener.set(name, value, dotted(attributes))


def dotted(attributes: dict[str, Value]) -> dict[str, Value]:
    """The names as OpenTelemetry writes them."""
    return {name.replace("__", "."): value for name, value in attributes.items()}


def kind_of(error: BaseException) -> str:
    """What is told of an error: its code, or else its type. Never its message, which can hold anything."""
    return error.code if isinstance(error, PipelineError) else type(error).__name__
