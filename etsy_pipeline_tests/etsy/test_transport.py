"""One call to Etsy: what is repeated and what is not, and what each answer means (FACTS §11, §12).

Over a mock transport, since here it is Etsy's answers that vary and not our request.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import httpx
import pytest
import stamina

from etsy_pipeline.errors import PipelineError
from etsy_pipeline.etsy.errors import EtsyQuotaExhausted, EtsyRefused, EtsyUnauthorized, EtsyUnavailable
from etsy_pipeline.providers.errors import RemoteRefused, RemoteUnavailable
from etsy_pipeline.providers.protocols import ListingChange
from etsy_pipeline_tests.builders import a_listing
from etsy_pipeline_tests.etsy.answers import Answer, Etsy, ok, said

CHANGE = ListingChange(a_listing(), ["title"])


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=4):
        yield


def get_me(etsy: Etsy) -> object:
    return etsy.client.get_me()


def create(etsy: Etsy) -> object:
    return etsy.client.create_draft_listing(2, a_listing(), reference="ref:1")


def test_the_key_and_the_token_are_on_every_call() -> None:
    etsy = Etsy(ok())
    assert get_me(etsy) == (1, 2)
    headers = etsy.requests[0].headers
    assert (headers["x-api-key"], headers["authorization"]) == ("key:secret", "Bearer 1.old")


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (said(400), EtsyRefused, "etsy_rejected"),
        (said(404), EtsyRefused, "etsy_not_found"),
        (said(409), EtsyRefused, "etsy_conflict"),
        (said(422), EtsyRefused, "etsy_rejected"),
        (said(401), EtsyUnauthorized, "etsy_unauthorized"),
        (said(403), EtsyUnauthorized, "etsy_forbidden"),
        (said(403, {"error": "Access token lacks scope for this request"}), EtsyUnauthorized, "etsy_scope_missing"),
        (said(403, {"error": "Shared secret is required in x-api-key header."}), EtsyUnauthorized, "etsy_key_invalid"),
        (said(403, {"error": "API key not found or not active"}), EtsyUnauthorized, "etsy_key_invalid"),
        (said(429, **{"retry-after": "3600"}), EtsyQuotaExhausted, "etsy_quota_exhausted"),
        (said(429, **{"retry-after": "1"}), EtsyUnavailable, "etsy_too_fast"),
        (said(500), EtsyUnavailable, "etsy_unavailable"),
        (httpx.Response(502, html="<h1>Bad Gateway</h1>"), EtsyUnavailable, "etsy_unavailable"),
        (httpx.Response(504), EtsyUnavailable, "etsy_unavailable"),
        (httpx.Response(200, html="<h1>Hello</h1>"), EtsyUnavailable, "etsy_unavailable"),
        (httpx.ConnectError("refused"), EtsyUnavailable, "etsy_unreachable"),
        (httpx.ReadTimeout("slow"), EtsyUnavailable, "etsy_unreachable"),
    ],
)
def test_what_an_answer_means(answer: Answer, kind: type[PipelineError], code: str) -> None:
    with pytest.raises(kind) as caught:
        get_me(Etsy(answer))
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (said(400), {"is_invalid"}),
        (said(404), {"is_gone"}),
        (said(409), {"is_passing"}),
        (said(413), set()),
        (said(422), set()),
    ],
)
def test_a_refusal_says_what_a_publisher_has_to_tell_apart(answer: Answer, told: set[str]) -> None:
    with pytest.raises(RemoteRefused) as caught:
        get_me(Etsy(answer))
    assert {name for name in ("is_gone", "is_invalid", "is_passing") if getattr(caught.value, name)} == told


@pytest.mark.parametrize(
    ("answer", "told", "asked"),
    [
        (said(429, **{"retry-after": "1"}), {"is_too_fast"}, None),
        (said(503, **{"retry-after": "7"}), {"may_have_happened"}, 7),
        (httpx.ConnectError("refused"), set(), None),
        (httpx.ReadTimeout("slow"), {"may_have_happened"}, None),
    ],
)
def test_no_answer_says_what_may_have_happened_and_whose_fault_it_is(
    answer: Answer, told: set[str], asked: float | None
) -> None:
    with pytest.raises(RemoteUnavailable) as caught:
        get_me(Etsy(answer))
    assert {name for name in ("is_too_fast", "may_have_happened") if getattr(caught.value, name)} == told
    assert caught.value.retry_after_seconds == asked


def test_a_listing_of_another_shop_fails_only_its_product() -> None:
    etsy = Etsy(said(403, {"error": "User does not own this listing."}, **{"x-etsy-request-uuid": "abc"}))
    with pytest.raises(EtsyRefused) as caught:
        etsy.client.update_listing(2, 77, CHANGE)
    assert (caught.value.code, caught.value.request_uuid) == ("etsy_not_ours", "abc")
    assert "abc" in str(caught.value), "what Etsy's support asks for"


def test_the_field_that_etsy_complains_of_is_known() -> None:
    etsy = Etsy(said(400, {"error": "There was a problem with /title/0 : & can only be use once"}))
    with pytest.raises(EtsyRefused) as caught:
        etsy.client.update_listing(2, 77, CHANGE)
    assert caught.value.field == "/title"


def test_a_conflict_is_tried_again_and_not_for_ever() -> None:
    """FACTS §11: a 409 is about the listing's present state."""
    etsy = Etsy(said(409), httpx.Response(200, json={"listing_id": 77, "state": "active"}))
    changed = etsy.client.update_listing(2, 77, CHANGE)
    assert changed is not None
    assert changed.listing_id == 77
    etsy = Etsy(said(409))
    with pytest.raises(EtsyRefused):
        etsy.client.update_listing(2, 77, CHANGE)
    assert len(etsy.requests) == 4


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "There was a problem with /title : no"}, "There was a problem with /title : no"),
        ([{"path": "/title/1", "type": "x", "message": "bad"}, {"path": "/price", "message": "low"}], "/title/1: bad; /price: low"),
        ({"error": "invalid_token", "error_description": "access token is expired"}, "invalid_token; access token is expired"),
        ({"error": "Mother&#39;s"}, "Mother's"),
    ],
)  # fmt: skip
def test_etsys_words_are_kept_whatever_shape_they_come_in(body: object, words: str) -> None:
    with pytest.raises(EtsyRefused) as caught:
        get_me(Etsy(said(400, body, **{"x-etsy-request-uuid": "uuid-1"})))
    assert (caught.value.words, caught.value.request_uuid) == (words, "uuid-1")
    assert words in str(caught.value)


@pytest.mark.parametrize("first", [said(500), said(503), httpx.ReadTimeout("slow"), said(429, **{"retry-after": "1"})])
def test_a_call_that_may_be_repeated_is(first: Answer) -> None:
    etsy = Etsy(first, ok())
    assert get_me(etsy) == (1, 2)
    assert len(etsy.requests) == 2


@pytest.mark.parametrize("first", [said(500), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("gone")])
def test_a_create_that_may_have_happened_is_never_sent_again(first: Answer) -> None:
    """FACTS §0.1."""
    etsy = Etsy(first, said(201, {"listing_id": 1, "state": "draft"}))
    with pytest.raises(EtsyUnavailable) as caught:
        create(etsy)
    assert (caught.value.may_have_happened, len(etsy.requests)) == (True, 1)


@pytest.mark.parametrize("first", [httpx.ConnectError("refused"), said(429, **{"retry-after": "0.1"})])
def test_a_create_that_cannot_have_happened_is_sent_again(first: Answer) -> None:
    etsy = Etsy(first, said(201, {"listing_id": 1, "state": "draft"}))
    create(etsy)
    assert len(etsy.requests) == 2


def test_a_refused_token_is_replaced_once() -> None:
    etsy = Etsy(said(401), ok())
    assert get_me(etsy) == (1, 2)
    assert etsy.tokens.replaced == ["1.old"]
    assert etsy.requests[1].headers["authorization"] == "Bearer 1.new"


def test_a_long_wait_that_etsy_asks_for_is_remembered_for_all_processes() -> None:
    etsy = Etsy(said(429, **{"retry-after": "3600"}), ok())
    for _ in range(2):
        with pytest.raises(EtsyQuotaExhausted) as caught:
            get_me(etsy)
        assert caught.value.retry_after_seconds == 3600
    assert len(etsy.requests) == 1, "the second time it is not asked"


TEN = datetime(2026, 11, 26, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("date", "moment"),
    [
        ("Thu, 26 Nov 2026 10:00:00 GMT", TEN),
        ("Thu, 26 Nov 2026 11:00:00 +0100", TEN),
        ("Thursday, 26-Nov-26 10:00:00 GMT", TEN),
        ("Thu, 26 Nov 2026 10:00:00 -0000", TEN),  # which Python takes for a moment without a zone
        ("Thu Nov 26 10:00:00 2026", TEN),
        *((odd, None) for odd in ("", "soon", "0", "Thu, 99 Nov 2026 10:00:00 GMT", "Thu, 26 Nov 99999 10:00:00 GMT")),
        ("Thu, 26 Nov 2026 10:00:00 +9999", None),
        ("Thu, 26 Nov 2026 10:00:00 +999999999999999", None),
    ],
)
def test_etsys_clock_is_read_in_utc_and_an_odd_date_fails_no_call(date: str, moment: datetime | None) -> None:
    etsy = Etsy(said(200, {"user_id": 1, "shop_id": 2}, date=date))
    assert get_me(etsy) == (1, 2)
    found = etsy.transport.told_at
    assert found == moment
    assert found is None or found.tzinfo is not None


def test_an_answer_without_what_we_need_is_not_taken_for_success() -> None:
    with pytest.raises(EtsyUnavailable) as caught:
        create(Etsy(said(201, {"hello": 1})))
    assert caught.value.code == "etsy_answer_malformed"


@pytest.mark.parametrize("act", [get_me, create])
def test_no_error_carries_the_key_or_the_token(act: Callable[[Etsy], object]) -> None:
    for answer in (said(400), said(401), said(500), httpx.ReadTimeout("slow")):
        with pytest.raises(PipelineError) as caught:
            act(Etsy(answer))
        shown = f"{caught.value!r} {caught.value} {caught.value.__dict__}"
        assert "secret" not in shown
        assert "1.old" not in shown
