"""OpenTelemetry, where an environment variable of its own names an endpoint. Else it is not even imported.

OTEL_EXPORTER_OTLP_ENDPOINT (or …_TRACES_ENDPOINT, …_METRICS_ENDPOINT) switches it on, OTEL_SDK_DISABLED=true off; the
rest (headers, resource, sampler, intervals) is read by OpenTelemetry itself.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

import atexit
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from threading import Thread
from typing import Any

from etsy_pipeline import logs, telemetry
from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.settings import Settings
from etsy_pipeline.telemetry import SpanKind, Value

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
METRICS_ENDPOINT = "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"
FLUSH_SECONDS = 2.0
AWAY_SECONDS = 60.0  # a collector that did not take it in time is not waited for so soon again
UNITS: Mapping[str, str] = {
    telemetry.CALL_SECONDS: "s", telemetry.CALL_WAIT_SECONDS: "s", telemetry.ORDER_LAG_SECONDS: "s",
    telemetry.ORDERS_READ_SECONDS: "s",
    telemetry.CALLS_LEFT: "{call}", telemetry.SYNCS: "{sync}", telemetry.PRODUCTS: "{product}",
}  # fmt: skip
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)  # as its conventions advise
WAITS = (0.01, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60)
BOUNDS: Mapping[str, tuple[float, ...]] = {telemetry.CALL_SECONDS: SECONDS, telemetry.CALL_WAIT_SECONDS: WAITS}

_begun: list["Telling"] = []


def begin(settings: Settings) -> bool:
    """Tell from now on what this process does; whether that is switched on.

    Raises:
        NotConfigured: `otel_missing`, `otel_protocol`.
    """
    if not is_asked_for(os.environ):
        return False
    if _begun:
        return True
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf") != "http/protobuf":
        raise NotConfigured(
            "OTEL_EXPORTER_OTLP_PROTOCOL is another one than http/protobuf.",
            code="otel_protocol",
            hint="Unset it, and name the collector's HTTP port (4318) in OTEL_EXPORTER_OTLP_ENDPOINT.",
        )
    try:
        telling = Telling(*_exporting(settings))
    except ImportError:
        raise NotConfigured(
            f"{ENDPOINT} is set, but OpenTelemetry is not installed.",
            code="otel_missing",
            hint="pip install 'etsy_pipeline[otel]', or unset OTEL_EXPORTER_OTLP_ENDPOINT.",
        ) from None
    _begun.append(telling)
    telemetry.tell(telling)
    atexit.register(flush)
    return True


def flush() -> None:
    """Send what waits: Dagster's run processes end without asking. Never in the way of what was done."""
    for telling in _begun:
        telling.flush()


def is_asked_for(environment: Mapping[str, str]) -> bool:
    """Whether it is switched on."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return any(environment.get(name) for name in (ENDPOINT, TRACES_ENDPOINT, METRICS_ENDPOINT))


class Telling:
    """A listener of `telemetry.py` that hands everything to OpenTelemetry.

    Args:
        tracers: its TracerProvider; None for no traces.
        meters: its MeterProvider; None for no metrics.
    """

    def __init__(self, tracers: Any, meters: Any) -> None:
        from opentelemetry.trace import SpanKind as Kinds
        from opentelemetry.trace import Status, StatusCode

        self._tracers, self._meters = tracers, meters
        self._tracer = tracers.get_tracer(logs.PACKAGE, version(logs.PACKAGE)) if tracers else None
        self._meter = meters.get_meter(logs.PACKAGE, version(logs.PACKAGE)) if meters else None
        self._kinds = {"internal": Kinds.INTERNAL, "client": Kinds.CLIENT}
        self._failed = Status(StatusCode.ERROR)
        self._instruments: dict[str, Any] = {}
        self._away_until = 0.0

    @contextmanager
    def span(self, name: str, kind: SpanKind, attributes: dict[str, Value]) -> Iterator["_Span"]:
        """See `telemetry.Listener`."""
        if self._tracer is None:
            yield _Span(None)
            return
        with self._tracer.start_as_current_span(
            name,
            kind=self._kinds[kind],
            attributes=attributes,
            record_exception=False,  # its message can hold anything
            set_status_on_exception=False,
        ) as begun:
            try:
                yield _Span(begun)
            except Exception as error:
                begun.set_attribute("error.type", telemetry.kind_of(error))
                begun.set_status(self._failed)
                raise

    def count(self, name: str, number: int, attributes: dict[str, Value]) -> None:
        """See `telemetry.Listener`."""
        if self._meter:
            self._instrument(name, self._meter.create_counter).add(number, attributes)

    def measure(self, name: str, value: float, attributes: dict[str, Value]) -> None:
        """See `telemetry.Listener`."""
        if self._meter:
            bounds = BOUNDS.get(name)
            self._instrument(
                name, self._meter.create_histogram, explicit_bucket_boundaries_advisory=bounds
            ).record(value, attributes)  # fmt: skip

    def set(self, name: str, value: float, attributes: dict[str, Value]) -> None:
        """See `telemetry.Listener`."""
        if self._meter:
            self._instrument(name, self._meter.create_gauge).set(value, attributes)

    def flush(self) -> None:
        """Send what waits, within two seconds: OpenTelemetry itself tries for as long as it likes."""
        if time.monotonic() < self._away_until:
            return
        sending = Thread(target=self._send, name="otel-flush", daemon=True)
        sending.start()
        sending.join(FLUSH_SECONDS)
        if sending.is_alive():
            self._away_until = time.monotonic() + AWAY_SECONDS

    def _send(self) -> None:
        for provider in (self._tracers, self._meters):
            if provider is not None:
                with suppress(Exception):
                    provider.force_flush()

    def _instrument(self, name: str, make: Any, **options: Any) -> Any:
        if name not in self._instruments:
            self._instruments[name] = make(name, unit=UNITS[name], **options)
        return self._instruments[name]


class _Span:
    def __init__(self, span: Any) -> None:
        self._span = span

    def note(self, **attributes: Value) -> None:
        """See `telemetry.Span`."""
        if self._span is not None:
            self._span.set_attributes(telemetry.dotted(attributes))


def tracers_of(resource: Any, *processors: Any) -> Any:
    """A TracerProvider whose traces have the ids of Dagster's runs, so that each is found by the other."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class RunsIds(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return _trace_of_run() or super().generate_trace_id()

    tracers = TracerProvider(resource=resource, id_generator=RunsIds(), shutdown_on_exit=False)
    for processor in processors:
        tracers.add_span_processor(processor)
    return tracers


def _trace_of_run() -> int | None:
    try:
        return uuid.UUID(telemetry.run_id() or "").int
    except ValueError:
        return None  # outside of runs, or not one of Dagster's own


def resource_of(settings: Settings) -> Any:
    """Who tells: the service, its version, whether of the sandbox, and which process; OTEL_* have the last word."""
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource

    ours = Resource.create(
        {
            "service.name": logs.PACKAGE,
            "service.version": version(logs.PACKAGE),
            "service.instance.id": str(uuid.uuid4()),
            "deployment.environment.name": "sandbox" if settings.uses_sandbox else settings.sentry_environment,
        }
    )
    return ours.merge(OTELResourceDetector().detect())


def _exporting(settings: Settings) -> tuple[Any, Any]:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource, tracers, meters = resource_of(settings), None, None
    if _is_wanted("OTEL_TRACES_EXPORTER", TRACES_ENDPOINT):
        tracers = tracers_of(resource, BatchSpanProcessor(OTLPSpanExporter()))
    if _is_wanted("OTEL_METRICS_EXPORTER", METRICS_ENDPOINT):
        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        meters = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
    return tracers, meters


def _is_wanted(exporter: str, endpoint: str) -> bool:
    has_endpoint = bool(os.environ.get(ENDPOINT) or os.environ.get(endpoint))
    return has_endpoint and os.environ.get(exporter, "otlp") != "none"
