"""A Medusa that cannot answer for a while is waited for, and what it was is told in the end. No test waits itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from etsy_pipeline.catalogue.admin_api import AdminApi
from etsy_pipeline.catalogue.medusa import MedusaCatalogue
from etsy_pipeline.catalogue.patience import Passing, Patience
from etsy_pipeline.catalogue.selection import Selection
from etsy_pipeline.errors import NotConfigured, PipelineError, Unavailable
from etsy_pipeline.settings import Settings
from etsy_pipeline.wiring import catalogue_of

KEY = "sk_very_secret"
EMPTY = {"products": [], "count": 0}


@dataclass
class Time:
    """A clock that moves only where somebody waits."""

    now: float = 0.0
    waits: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def patience(self, seconds: float = 180) -> Patience:
        return Patience(seconds, clock=self.clock, sleep=self.sleep)


def api(
    time: Time, answer: Callable[[httpx.Request], httpx.Response], seconds: float = 180, url: str = "http://medusa.test"
) -> AdminApi:
    return AdminApi(url, KEY, time.patience(seconds), httpx.Client(transport=httpx.MockTransport(answer)))


def refused(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("Connection refused", request=request)


def broken_off(request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("peer closed connection", request=request)


def page(status: int, title: str = "Back soon", **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, html=f"<html><title>{title}</title></html>", headers=headers)


def text(status: int, body: str, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, text=body, headers=headers)


def after(troubles: Sequence[httpx.Response]) -> Callable[[httpx.Request], httpx.Response]:
    """These answers, and then a good one."""
    answers = iter(troubles)
    return lambda _: next(answers, httpx.Response(200, json=EMPTY))


TROUBLES: Sequence[tuple[Callable[[httpx.Request], httpx.Response], type[PipelineError], str, str]] = [
    (refused, Unavailable, "medusa_unreachable", r"cannot be reached \(ConnectError\)"),
    (broken_off, Unavailable, "medusa_unreachable", "broke off its answer"),
    (text(429, "slowly"), Unavailable, "medusa_error", "asks to be asked more slowly"),
    (text(503, "upstream unavailable"), Unavailable, "medusa_error", "answered 503"),
    (page(503), Unavailable, "medusa_maintenance", r"shows a page \('Back soon'\) in place of an answer \(503\)"),
    (page(502, "502 Bad Gateway"), Unavailable, "medusa_maintenance", "502 Bad Gateway"),
    (page(200), NotConfigured, "not_a_medusa", r"a web page \('Back soon'\); unless it is under maintenance"),
    (text(200, '{"products": [{"id": "prod_'), Unavailable, "medusa_answer_broken", "middle of its JSON"),
]
NAMES = ["restart", "broken off", "429", "503", "page 503", "page 502", "page 200", "half a JSON"]


@pytest.mark.parametrize(("trouble", "error", "code", "words"), TROUBLES, ids=NAMES)
class TestWhatPassesByItself:
    """A restart, a server that is too busy, a page of a proxy, half an answer."""

    def test_is_waited_for(
        self, trouble: Callable[[httpx.Request], httpx.Response], error: type[PipelineError], code: str, words: str
    ) -> None:
        """A restart takes a minute."""
        time = Time()
        there = lambda request: trouble(request) if time.now < 60 else httpx.Response(200, json=EMPTY)  # noqa: E731
        assert api(time, there).get("products", []) == EMPTY
        assert 60 <= time.now < 90, (error, code, words)

    def test_is_named_for_what_it_is_where_it_does_not_pass(
        self, trouble: Callable[[httpx.Request], httpx.Response], error: type[PipelineError], code: str, words: str
    ) -> None:
        time = Time()
        with pytest.raises(error, match=words) as caught:
            api(time, trouble).get("products", [])
        assert (caught.value.code, time.now) == (code, 180)
        assert "It was tried again for 180 seconds." in caught.value.message
        assert KEY not in str(caught.value)
        assert caught.value.hint


def test_the_pauses_grow_up_to_a_quarter_of_a_minute() -> None:
    time = Time()
    with pytest.raises(Unavailable):
        api(time, refused).get("products", [])
    assert time.waits[:7] == [0.5, 1, 2, 4, 8, 15, 15]


def test_who_asks_to_be_let_alone_is_let_alone() -> None:
    time = Time()
    busy = [httpx.Response(429, headers={"retry-after": "70"}), httpx.Response(503, headers={"retry-after": "20"})]
    api(time, after(busy)).get("products", [])
    assert time.waits == [70, 20]


def test_a_moment_is_as_good_as_a_number_of_seconds() -> None:
    time = Time()
    headers = {"date": "Wed, 25 Nov 2026 10:00:00 GMT", "retry-after": "Wed, 25 Nov 2026 10:01:30 GMT"}
    api(time, after([httpx.Response(503, headers=headers)])).get("products", [])
    assert time.waits == [90]


@pytest.mark.parametrize("nonsense", ["soon", "-5", "", "Wed, 99 Nov 2026", "٣"])
def test_a_moment_that_is_none_is_no_error(nonsense: str) -> None:
    time = Time()
    api(time, after([httpx.Response(503, headers={b"retry-after": nonsense.encode()})])).get("products", [])
    assert time.waits == [0.5]


def test_a_wait_that_is_longer_than_our_patience_is_not_begun() -> None:
    time = Time()
    with pytest.raises(Unavailable, match="asks to wait 3600 seconds; the setting MEDUSA_PATIENCE_SECONDS has 180"):
        api(time, text(503, "", **{"retry-after": "3600"})).get("products", [])
    assert time.waits == []


def test_what_was_waited_for_in_vain_is_not_waited_for_again_until_it_answers() -> None:
    """A publication looks at Medusa for each batch: not three minutes each where it is down for a day."""
    time, is_down = Time(), True
    asked = api(time, lambda request: refused(request) if is_down else httpx.Response(200, json=EMPTY))
    for _ in range(3):
        with pytest.raises(Unavailable):
            asked.get("products", [])
    assert time.now == 180
    is_down = False
    asked.get("products", [])
    is_down = True
    with pytest.raises(Unavailable):
        asked.get("products", [])
    assert time.now == 360


def test_patience_is_a_setting_and_short_where_somebody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []
    monkeypatch.setattr("etsy_pipeline.wiring.Patience", given.append)
    of_medusa = {"medusa_url": "http://medusa.test", "medusa_api_key": KEY, "medusa_amount_unit": "major"}
    monkeypatch.delenv("MEDUSA_PATIENCE_SECONDS")
    for patience in (None, 20, 3):
        settings = Settings.load(**of_medusa, medusa_patience_seconds=patience)
        for someone_waits in (False, True):
            catalogue_of(settings, someone_waits=someone_waits).close()
    assert given == [180, 5, 20, 5, 3, 3]


def test_an_error_that_is_not_passing_is_not_waited_for() -> None:
    time = Time()
    with pytest.raises(PipelineError, match="medusa_unauthorized"):
        api(time, lambda _: httpx.Response(401, json={"message": "Unauthorized"})).get("products", [])
    assert time.waits == []


def test_patience_of_none_asks_once() -> None:
    asked = []

    def fails() -> Any:
        asked.append(1)
        raise Passing(Unavailable("No.", code="medusa_error"))

    with pytest.raises(Unavailable, match=r"^No\. \[medusa_error\]$"):
        Patience(0).outlast(fails)
    assert asked == [1]


@dataclass
class Redirecting:
    """A server that sends whoever asks for products to another address; it notes who came with which key."""

    target: str
    status: int = 301
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((str(request.url.copy_with(query=None)), "authorization" in request.headers))
        if str(request.url).startswith("http://medusa.test"):
            return httpx.Response(self.status, headers={"location": self.target})
        return httpx.Response(200, json=EMPTY)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_same_host_is_followed_to_https_and_asked_there_from_then_on(status: int) -> None:
    server = Redirecting("https://medusa.test/admin/products?limit=1", status)
    asked = api(Time(), server)
    for _ in range(2):
        assert asked.get("products", [("limit", "1")]) == EMPTY
    secure = ("https://medusa.test/admin/products", True)
    assert server.asked == [("http://medusa.test/admin/products", True), secure, secure]


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test/admin/products", "//evil.test/admin/products", "https://medusa.test.evil.test/admin/products",
        "https://medusa.test/login", "/maintenance", "http://[", "https://user:pw@evil.test/admin/products",
    ],
)  # fmt: skip
def test_the_key_goes_to_no_other_host_and_no_other_page(target: str) -> None:
    server = Redirecting(target)
    with pytest.raises(NotConfigured, match="The key is not sent there") as caught:
        api(Time(), server).get("products", [])
    assert (caught.value.code, len(server.asked)) == ("medusa_moved", 1)
    assert "MEDUSA_URL" in caught.value.hint


def test_nobody_is_followed_from_https_to_http() -> None:
    back = lambda _: httpx.Response(301, headers={"location": "http://medusa.test/admin/products"})  # noqa: E731
    with pytest.raises(NotConfigured, match="medusa_moved"):
        api(Time(), back, url="https://medusa.test").get("products", [])


def test_a_server_that_sends_round_in_circles_is_told() -> None:
    circle = lambda request: httpx.Response(301, headers={"location": str(request.url)})  # noqa: E731
    with pytest.raises(NotConfigured, match="redirects again and again"):
        api(Time(), circle).get("products", [])


def test_a_catalogue_is_read_on_after_a_restart_in_its_middle() -> None:
    time, rows = Time(), [{"id": f"prod_{number}"} for number in range(4)]

    def answer(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        if request.url.path.endswith("stock-locations"):
            return httpx.Response(200, json={"stock_locations": [], "count": 0})
        if query["offset"] != "0" and time.now < 60:
            return refused(request)
        offset, limit = int(query["offset"]), int(query["limit"])
        return httpx.Response(200, json={"products": rows[offset : offset + limit], "count": len(rows)})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    catalogue = MedusaCatalogue("http://medusa.test", KEY, client=client, page_size=2, patience=time.patience())
    told = [item.product_id for page in catalogue.pages(Selection()) for item in page.malformed]
    assert told == ["prod_0", "prod_1", "prod_2", "prod_3"]
