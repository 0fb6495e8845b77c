"""Calls to the token endpoint are logged as all others are: method, path, status, time; no query, no secret."""

import logging
from dataclasses import replace

import pytest

from etsy_pipeline import wiring
from etsy_pipeline.errors import NeedsPerson, Unavailable
from etsy_pipeline.etsy.oauth import code_from_redirect
from etsy_pipeline.sandbox.consent import grant
from etsy_pipeline_tests.world import World

LINE = "etsy_call method=POST path=/v3/public/oauth/token status="


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Level and text of the calls so far."""
    return [(item.levelname, item.getMessage()) for item in caplog.records if "etsy_call" in item.getMessage()]


def test_codes_and_refresh_tokens_are_exchanged_with_a_line_each(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "etsy_pipeline")
    oauth = wiring.oauth_of(world.settings)
    attempt = oauth.authorization()
    code, _ = code_from_redirect(grant(attempt.location, 1))
    tokens = oauth.exchange(code, attempt.code_verifier)
    renewed = oauth.refresh(tokens.refresh_token)
    with pytest.raises(NeedsPerson):
        oauth.exchange(code, attempt.code_verifier)
    first, second, third = lines(caplog)
    assert [first[0], second[0], third[0]] == ["DEBUG", "DEBUG", "WARNING"]
    assert first[1].startswith(f"{LINE}200 ms=")
    assert third[1].startswith(f"{LINE}400 ms=")
    ours = "\n".join(text for _, text in lines(caplog))
    for secret in (code, attempt.code_verifier, tokens.access_token, tokens.refresh_token, renewed.refresh_token):
        assert secret not in ours


def test_an_endpoint_that_gives_no_answer_has_its_line_too(world: World, caplog: pytest.LogCaptureFixture) -> None:
    oauth = replace(wiring.oauth_of(world.settings), token_url="http://127.0.0.1:9/v3/public/oauth/token?key=hunter2")
    with pytest.raises(Unavailable):
        oauth.refresh("910000001.Ab3dEf6hIj9kLm2nOp5q")
    ((level, text),) = lines(caplog)
    assert (level, text.startswith(f"{LINE}none:ConnectError")) == ("WARNING", True)
    assert "hunter2" not in text
    assert "Ab3dEf6hIj9kLm2nOp5q" not in text
