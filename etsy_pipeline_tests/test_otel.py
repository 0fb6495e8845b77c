"""OpenTelemetry: what is told of calls, publications and how things stand; nothing where nobody asks for it."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from etsy_pipeline import otel, telemetry, wiring
from etsy_pipeline.errors import NotConfigured, Refused
from etsy_pipeline.etsy.errors import EtsyUnauthorized
from etsy_pipeline.observed import observed_call, template_of
from etsy_pipeline.orchestration.gauges import tell_how_things_stand
from etsy_pipeline.pictures.download import Downloads, Limits
from etsy_pipeline.pictures.hosts import PictureHosts
from etsy_pipeline.providers.errors import RemoteRefused
from etsy_pipeline.settings import Settings
from etsy_pipeline.store.engine import Store
from etsy_pipeline_tests.pictures.picture_server import PictureServer, a_server, answer, redirect
from etsy_pipeline_tests.publishing.shop import Shop, one_product
from etsy_pipeline_tests.world import World, a_world

ROOT = Path(__file__).parents[1]
RUN = "0b9c7a52-5f4e-4ad5-8f5c-6f2f0d3f5a11"


class Told:
    """All that was told, in memory."""

    def __init__(self) -> None:
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        resource = otel.resource_of(Settings.load())
        self.telling = otel.Telling(
            otel.tracers_of(resource, SimpleSpanProcessor(self.exporter)),
            MeterProvider([self.reader], resource=resource),
        )

    def spans(self, name: str = "") -> list[Any]:
        return [span for span in self.exporter.get_finished_spans() if span.name.startswith(name)]

    def points(self, name: str) -> list[tuple[dict[str, Any], Any]]:
        """(attributes, point) of a metric."""
        found = self.reader.get_metrics_data()
        metrics = [
            metric
            for resource in (found.resource_metrics if found else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]
        return [
            (dict(p.attributes or {}), p) for metric in metrics if metric.name == name for p in metric.data.data_points
        ]

    def everything(self) -> str:
        metrics = self.reader.get_metrics_data()
        return "".join(span.to_json() for span in self.spans()) + (metrics.to_json() if metrics else "")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=h1")
    found = Told()
    telemetry.tell(found.telling)
    yield found
    telemetry.tell(None)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_world(tmp_path_factory.mktemp("world")) as made:
        yield made


def run_python(code: str, **environment: str) -> int:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run([sys.executable, "-c", code], env=kept | environment, check=False).returncode


def test_where_nobody_asks_for_it_it_is_not_even_imported() -> None:
    code = """
import sys
from etsy_pipeline import otel, telemetry
from etsy_pipeline.settings import Settings
import etsy_pipeline.etsy.transport
assert not otel.begin(Settings.load()) and not telemetry.is_told()
sys.exit(any(name.startswith("opentelemetry") for name in sys.modules))
"""
    assert run_python(code) == 0


def test_it_can_be_switched_off() -> None:
    assert otel.is_asked_for({otel.ENDPOINT: "http://127.0.0.1:9"})
    assert otel.is_asked_for({otel.TRACES_ENDPOINT: "http://127.0.0.1:9/v1/traces"})
    assert not otel.is_asked_for({otel.ENDPOINT: "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"})
    assert not otel.is_asked_for({otel.ENDPOINT: ""})


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(otel.ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(NotConfigured) as caught:
        otel.begin(Settings.load())
    assert caught.value.code == "otel_missing"
    assert not telemetry.is_told()


def test_another_protocol_than_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(otel.ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(NotConfigured) as caught:
        otel.begin(Settings.load())
    assert caught.value.code == "otel_protocol"


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/shops/51000001/listings", "/shops/{id}/listings"),
        ("/shops/51000001/receipts/3300000001", "/shops/{id}/receipts/{id}"),
        ("/openapi-ping", "/openapi-ping"),
        ("/users/910000001/shops", "/users/{id}/shops"),
        ("/admin/stock-locations", "/admin/stock-locations"),
        ("/admin/products/prod_odd", "/admin/products/{id}"),
        ("/admin/orders/order_01JX/fulfillments", "/admin/orders/{id}/fulfillments"),
    ],
)
def test_an_endpoint_is_told_without_the_numbers_in_it(path: str, template: str) -> None:
    assert template_of(path) == template


def test_a_call_is_told_as_the_conventions_for_http_clients_have_it(told: Told) -> None:
    with observed_call("GET", "https://api.etsy.com", "/shops/1/receipts/2") as call:
        call.answered(429)
    (span,) = told.spans()
    assert (span.name, span.kind.name, span.status.status_code.name) == (
        "GET /shops/{id}/receipts/{id}",
        "CLIENT",
        "UNSET",
    )
    expected = {
        "http.request.method": "GET", "url.template": "/shops/{id}/receipts/{id}", "server.address": "api.etsy.com",
        "server.port": 443, "http.response.status_code": 429, "error.type": "429",
    }  # fmt: skip
    assert dict(span.attributes) == expected
    ((attributes, point),) = told.points(telemetry.CALL_SECONDS)
    assert (attributes, point.count) == (expected, 1)


def test_an_address_that_is_none_is_the_calls_own_trouble(told: Told) -> None:
    with observed_call("GET", "https://medusa:nine", "/admin/products"):
        pass
    (span,) = told.spans()
    assert "server.address" not in span.attributes


def test_medusa_is_told_by_endpoint_and_without_what_was_looked_for_or_changed(told: Told, world: World) -> None:
    product = world.product_ids("clean")[0]
    with closing(wiring.product_notes_of(world.settings)) as notes:
        notes.write(product, {"shelf": "oak"})
        assert notes.read([product], ["shelf"]) == {product: {"shelf": "oak"}}
    assert [span.name for span in told.spans()] == ["POST /admin/products/{id}", "GET /admin/products"]
    assert {span.attributes["http.response.status_code"] for span in told.spans()} == {200}
    everything, api_key = told.everything(), world.settings.medusa()[1]
    assert not [said for said in (product, "shelf", "oak", api_key) if said in everything]


def test_etsys_token_endpoint_is_told_and_nothing_that_went_through_it(
    told: Told, world: World, sqlite_store: Store
) -> None:
    world.connected(sqlite_store)
    (call,) = told.spans("POST /oauth/token")
    assert (call.kind.name, call.attributes["http.response.status_code"]) == ("CLIENT", 200)
    oauth = wiring.oauth_of(world.settings)
    with pytest.raises(EtsyUnauthorized):
        oauth.refresh("a-refresh-token-of-another-shop")
    refused = told.spans("POST /oauth/token")[-1]
    assert (refused.attributes["error.type"], refused.status.status_code.name) == ("OAuthError", "ERROR")
    assert "a-refresh-token" not in told.everything()


def test_a_picture_is_told_by_its_server_and_never_by_its_address(told: Told) -> None:
    with a_server() as server, closing(Downloads(trusting(server), Limits())) as downloads:
        there = server.serve("/grannys-vase.png?signature=abc", answer(body=b"a vase"))
        downloads.get(server.serve("/vase_of_granny.png", redirect(there)))
        with pytest.raises(Refused):
            downloads.get(f"{server.url}/vase-7?of=granny")
        calls = [span.attributes for span in told.spans("GET /{picture}")]
        assert {call["server.port"] for call in calls} == {server.port}
    assert [call["http.response.status_code"] for call in calls] == [302, 200, 404]
    everything = told.everything()
    assert not [said for said in ("vase", "granny", "signature") if said in everything]


def trusting(server: PictureServer) -> PictureHosts:
    return PictureHosts.trusting([f"{server.host}:{server.port}"])


def test_an_error_is_told_by_its_code_and_never_by_its_words(told: Told) -> None:
    with pytest.raises(RemoteRefused), telemetry.span("publish product", product="prod_1"):
        raise RemoteRefused("Etsy says 'Granny's secret vase'.", code="etsy_refused", hint="Look.")
    (span,) = told.spans()
    assert (span.attributes["error.type"], span.status.status_code.name) == ("etsy_refused", "ERROR")
    assert not span.events
    assert "Granny" not in told.everything()


def test_all_of_a_run_is_one_trace_whose_id_is_the_runs(told: Told) -> None:
    with telemetry.of_run(RUN):
        with telemetry.span("plan product_snapshot"):
            pass
        with telemetry.span("plan sync_plan"), telemetry.span("GET /shops/{id}"):
            pass
    assert {f"{span.context.trace_id:032x}" for span in told.spans()} == {RUN.replace("-", "")}
    with telemetry.span("another"):
        pass
    assert f"{told.spans('another')[0].context.trace_id:032x}" != RUN.replace("-", "")


def test_who_tells_is_named_once_and_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = otel.resource_of(Settings.load()).attributes
    assert (ours["service.name"], ours["deployment.environment.name"]) == ("etsy_pipeline", "production")
    assert ours["service.instance.id"] != otel.resource_of(Settings.load()).attributes["service.instance.id"]
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shops-of-anna")
    assert otel.resource_of(Settings.load()).attributes["service.name"] == "shops-of-anna"


def test_a_publication_is_told_with_each_product_and_each_call_and_nothing_of_the_shops_texts(
    told: Told, world: World, sqlite_store: Store
) -> None:
    shop = Shop(world, sqlite_store, world.connected(sqlite_store))
    one_product(shop)
    job = shop.publish(shop.approve(shop.plan()), run_id=RUN)
    (publication,) = told.spans("publication")
    products, calls = told.spans("publish product"), [span for span in told.spans() if span.kind.name == "CLIENT"]
    trace = publication.context.trace_id
    assert f"{trace:032x}" == RUN.replace("-", "")
    assert publication.attributes["transaction_id"] == job.transaction_id
    assert {span.parent.span_id for span in products} == {publication.context.span_id}
    assert {span.attributes["product"] for span in products} >= {
        item.product_id for item in shop.items(job) if item.plan.action == "create"
    }
    created = [span for span in calls if span.name == "POST /shops/{id}/listings"]
    assert {span.parent.span_id for span in created} <= {span.context.span_id for span in products}
    outcomes = {attributes["outcome"]: point.value for attributes, point in told.points(telemetry.PRODUCTS)}
    assert outcomes["synced"] == job.synced_count
    assert sum(point.count for _, point in told.points(telemetry.CALL_SECONDS)) == len(calls)
    assert told.points(telemetry.CALL_WAIT_SECONDS)
    everything = told.everything()
    titles = [item.plan.product_title for item in shop.items(job)]
    assert titles
    assert not [title for title in titles if title in everything]
    assert world.sandbox.shared_secret not in everything
    assert "Bearer" not in everything


def test_how_things_stand_is_told_by_the_sensors(
    told: Told, world: World, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, settings = Shop(world, sqlite_store, world.connected(sqlite_store)), world.settings
    one_product(shop)
    shop.plan()
    monkeypatch.setattr(otel, "begin", lambda _settings: True)
    monkeypatch.setattr(Settings, "load", lambda: settings)
    tell_how_things_stand(sqlite_store)
    waiting = {attributes["state"]: point.value for attributes, point in told.points(telemetry.SYNCS)}
    assert waiting["planned"] == 1
    assert waiting["paused"] == 0, "a state that nothing is in any more goes back to 0"
    left = {attributes["purpose"]: point.value for attributes, point in told.points(telemetry.CALLS_LEFT)}
    assert left["publishing"] == wiring.quota_of(settings, sqlite_store).left_today
    assert left["stock"] >= left["publishing"]


def test_the_dashboard_asks_for_what_is_told_and_for_all_of_it() -> None:
    board = json.loads((ROOT / "deploy/grafana/etsy_pipeline.json").read_text())
    asked = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    names = set(re.findall(r"\b((?:http_client|etsy_pipeline)_[a-z_]+?)(?:_bucket|_count|_total)?\{", asked))
    told = {
        name.replace(".", "_") + ("_seconds" if unit == "s" else "") for name, unit in otel.UNITS.items()
    }  # as Prometheus spells them: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
    assert names == told


def test_what_keeps_it_from_being_told_keeps_the_sensors_from_nothing(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(otel.ENDPOINT, "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    tell_how_things_stand(sqlite_store)


def test_a_collector_that_is_away_holds_nobody_up_and_one_that_is_there_is_told_at_the_end_of_a_run(
    collector: str,
) -> None:
    code = """
import time
from etsy_pipeline import otel, telemetry
from etsy_pipeline.settings import Settings
assert otel.begin(Settings.load())
with telemetry.span("publication"):
    telemetry.count(telemetry.PRODUCTS, outcome="synced")
began = time.monotonic()
for _ in range(3):
    otel.flush()
assert time.monotonic() - began < 5
import os
os._exit(0)
"""
    assert run_python(code, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") == 0
    assert run_python(code, OTEL_EXPORTER_OTLP_ENDPOINT=collector) == 0
    assert sorted(set(RECEIVED)) == ["/v1/metrics", "/v1/traces"]


RECEIVED: list[str] = []


class _Collector(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        RECEIVED.append(self.path)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: Any) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[str]:
    RECEIVED.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Collector)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
