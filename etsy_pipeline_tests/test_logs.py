"""Log lines: no secret in any of them, whoever writes it; which sync and product they are about; text or JSON."""

import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest

from etsy_pipeline import logs
from etsy_pipeline.monitoring import watch_logs
from etsy_pipeline.redaction import HIDDEN, redacted
from etsy_pipeline.settings import Settings
from etsy_pipeline_tests.hostile import hidden_in

TOKEN = "910000001.Ab3dEf6hIj9kLm2nOp5q"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    make = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(make)
    logger = logging.getLogger(logs.PACKAGE)
    logger.handlers = [handler for handler in logger.handlers if not isinstance(handler, logs._Written)]
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


def lines_of(logger: str) -> tuple[logging.Logger, io.StringIO]:
    """A logger with a handler that somebody else made, after ours."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    found = logging.getLogger(logger)
    found.addHandler(handler)
    return found, text


@pytest.mark.parametrize("name", ["etsy_pipeline.etsy.transport", "etsy_pipeline", "some.library"])
def test_no_logger_writes_a_secret_not_even_in_a_stack_trace(name: str) -> None:
    watch_logs(Settings.load())
    logger, text = lines_of(name)
    try:
        raise ValueError(f"refused {TOKEN}")
    except ValueError:
        logger.exception("token=%s", TOKEN)
    assert "ValueError" in text.getvalue()
    assert HIDDEN in text.getvalue()
    assert TOKEN not in text.getvalue()


def test_the_secrets_of_the_settings_are_known_whatever_they_look_like() -> None:
    settings = Settings.load(
        etsy_shared_secret="plainword", etsy_pipeline_smtp_url="smtp://me:p%40ssword@mail.test",
        etsy_pipeline_notify="https://chat.test/hookhook,mailto:me@x.test", etsy_pipeline_secret_key="keykey1,keykey2",
        etsy_pipeline_database_url="postgresql://etsy:dbpassword@db/etsy",
    )  # fmt: skip
    watch_logs(settings)
    logger, text = lines_of("some.library")
    logger.warning("%s", "plainword p%40ssword p@ssword https://chat.test/hookhook keykey1 keykey2 dbpassword")
    assert text.getvalue().strip() == " ".join([HIDDEN] * 7)


@pytest.mark.parametrize(
    "text",
    [
        "grant_type=authorization_code&code=bftcubu-wownsvftz5kowdmxnqts&code_verifier=vvnmmnbbvccxxzzaa",
        "{'x-api-key': 'aaabbbccc:dddeee'}",
        "headers=[(b'authorization', b'Basic aaabbbccc')]",
        '{"access_token": "aaabbbccc", "refresh_token":"dddeeefff"}',
        "ETSY_SHARED_SECRET=aaabbbccc",
        "https://hooks.slack.com/services/T000/B000/aaabbbccc",
    ],
)
def test_what_stands_after_the_name_of_a_secret_is_taken_out(text: str) -> None:
    clean = redacted(text)
    for secret in ("bftcubu", "vvnmmnbb", "aaabbbccc", "dddeee"):
        assert secret not in clean


@pytest.mark.parametrize(
    "text", ["publication_stopped code=oauth_invalid_grant", "GET /listings?state=draft", "token_expires_at=2026-11-23"]
)
def test_words_that_only_sound_like_secrets_stay(text: str) -> None:
    assert redacted(text) == text


def test_lines_say_which_sync_and_product_they_are_about_and_only_ours_do() -> None:
    watch_logs(Settings.load())
    ours, text = lines_of("etsy_pipeline.some_test")
    others, other_text = lines_of("some.library")
    with logs.about(transaction_id="wf_1"):
        with logs.about(product_id="prod_1"):
            ours.warning("event a=%s", 1)
        ours.warning("event a=%s transaction_id=%s", 2, "wf_2")
        others.warning("event")
    ours.warning("event a=%s", 3)
    assert text.getvalue().splitlines() == [
        "event a=1 transaction_id=wf_1 product_id=prod_1", "event a=2 transaction_id=wf_2", "event a=3"
    ]  # fmt: skip
    assert other_text.getvalue().strip() == "event"


def test_json_lines_hold_event_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    watch_logs(Settings.load(etsy_pipeline_log_format="json", etsy_pipeline_log_level="debug"))
    logger = logging.getLogger("etsy_pipeline.etsy.transport")
    with logs.about(transaction_id="wf_1"):
        logger.debug("etsy_call path=%s status=%s ms=%d", "/shops/1", 200, 12.5)
        logger.warning("words only, Bearer %s", TOKEN)
    call, words = map(json.loads, capsys.readouterr().err.splitlines())
    assert call.pop("time").endswith("+00:00")
    assert call == {
        "level": "debug", "logger": "etsy_pipeline.etsy.transport", "event": "etsy_call", "path": "/shops/1",
        "status": 200, "ms": 12.5, "transaction_id": "wf_1",
    }  # fmt: skip
    assert words["event"] == f"words only, Bearer {HIDDEN}"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_terminal_obeys_nothing_that_a_line_holds(capsys: pytest.CaptureFixture[str], form: str) -> None:
    watch_logs(Settings.load(etsy_pipeline_log_format=form, etsy_pipeline_log_level="debug"))
    logger = logging.getLogger("etsy_pipeline.etsy.transport")
    with logs.about(product_id="prod\x1b[2K"):
        logger.warning("refused title=%s", "Mug\x9b\u202e")
        try:
            raise ValueError("\x1b[1A")
        except ValueError:
            logger.exception("unexpected")
    told = capsys.readouterr().err
    assert not hidden_in(told.replace("\n", ""))
    assert r"\u202e" in told


def test_a_line_whose_values_do_not_fit_breaks_nothing() -> None:
    watch_logs(Settings.load())
    record = logging.getLogRecordFactory()("etsy_pipeline", logging.INFO, "", 0, "a=%s b=%s", ("x",), None)
    assert record.args == ("x",)


def test_a_call_without_an_answer_has_a_line_as_well(caplog: pytest.LogCaptureFixture) -> None:
    from etsy_pipeline.errors import PipelineError
    from etsy_pipeline_tests.builders import a_listing
    from etsy_pipeline_tests.etsy.answers import Etsy, said

    caplog.set_level(logging.DEBUG, "etsy_pipeline.etsy.transport")
    with pytest.raises(PipelineError):
        Etsy(httpx.ReadTimeout("slow")).client.create_draft_listing(2, a_listing(), reference="ref:1")
    with pytest.raises(PipelineError):
        Etsy(said(400, **{"x-etsy-request-uuid": "uuid-1"})).client.create_draft_listing(
            2, a_listing(), reference="ref:1"
        )
    lost, refused = (record.getMessage() for record in caplog.records)
    assert "status=none:ReadTimeout" in lost
    assert "method=POST path=/shops/2/listings" in refused
    assert "uuid=uuid-1" in refused
