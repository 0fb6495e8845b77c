"""The one shape of every error, and what goes wrong → which HTTP status: a table.

Success has the shapes of the routes' own models; nothing here knows a route.
"""

import logging
import traceback
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from etsy_pipeline.errors import (
    BadRequest,
    Conflict,
    NeedsPerson,
    NotConfigured,
    NotFound,
    PipelineError,
    Refused,
    Unavailable,
)
from etsy_pipeline.safe_text import escaped_json

logger = logging.getLogger(__name__)

MAX_PROBLEMS_TOLD = 5


class ErrorAnswer(BaseModel):
    """Every error. `code` is stable and explained in docs/troubleshooting.md."""

    type: str = Field(description="Kind of error, by what to do about it.")
    code: str = Field(description="Stable name of the error.")
    message: str = Field(description="What happened, with the value and the limit.")
    hint: str | None = Field(default=None, description="What to do next.")


class Done(BaseModel):
    """It was done."""

    success: Literal[True] = True


# The first that fits, so the narrower classes come first.
STATUSES: tuple[tuple[type[PipelineError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (Conflict, 409, "conflict"),
    (BadRequest, 400, "invalid_data"),
    (NotConfigured, 503, "not_configured"),
    (NeedsPerson, 502, "needs_person"),
    (Unavailable, 503, "unavailable"),
    (Refused, 502, "refused"),
)
EXCEPTIONS: Mapping[str, int] = {  # where the class alone says too little
    "account_not_connected": 409,
    "etsy_user_has_no_shop": 409,
    "etsy_scope_missing": 403,
    "form_expired": 403,
    "name_not_yours": 403,
    "role_too_low": 403,
    "sign_in_wrong": 403,
    "sign_in_too_often": 429,
}


class RoutingProblem(NamedTuple):
    """What a status of Starlette's or FastAPI's own means here."""

    type: str
    code: str
    hint: str = "/docs shows every route."


ROUTING: Mapping[int, RoutingProblem] = {
    400: RoutingProblem(
        "invalid_data", code="request_malformed", hint="The body has to be JSON; /docs shows every route."
    ),
    404: RoutingProblem("not_found", code="route_not_found"),
    405: RoutingProblem("not_allowed", code="method_not_allowed"),
    413: RoutingProblem("invalid_data", code="request_too_large", hint="Send fewer products at once."),
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": told}
    for status, told in {
        400: "What was asked for cannot be",
        401: "The bearer token is missing or wrong",
        403: "Not from there, or the role is not enough",
        404: "No such thing",
        409: "Not now",
        413: "Too large",
        422: "Malformed",
        502: "Etsy or Medusa refused",
        503: "Not configured, or the other side is down",
    }.items()
}


class SafeJson(JSONResponse):
    """JSON of the same values in which nothing is hidden: people read it in a terminal, with curl."""

    def render(self, content: Any) -> bytes:
        """The body."""
        return escaped_json(bytes(super().render(content)).decode()).encode()


def error_answer(status: int, type_: str, code: str, message: str, hint: str = "") -> JSONResponse:
    """An error in its one shape."""
    body = ErrorAnswer(type=type_, code=code, message=message, hint=hint or None)
    return SafeJson(body.model_dump(exclude_none=True), status)


def status_of(error: PipelineError) -> tuple[int, str]:
    """HTTP status and type of an expected error."""
    if error.code.startswith("oauth_"):  # what the seller came back with does not do
        return 400, "invalid_data"
    status, type_ = next((status, name) for kind, status, name in STATUSES if isinstance(error, kind))
    return EXCEPTIONS.get(error.code, status), type_


def answer_errors(app: FastAPI) -> None:
    """Give every error its shape."""
    app.add_exception_handler(PipelineError, _expected)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _routing)


def unexpected(error: Exception) -> JSONResponse:
    """A fault of ours: where it happened is logged, without the values that it carries; nothing of it is answered."""
    if isinstance(error, RecursionError):
        return error_answer(422, "invalid_data", code="request_malformed", message="The body is nested too deeply.")
    if isinstance(error, ClientDisconnect):
        message = "Whoever asked went away before the request was whole."
        return error_answer(400, "invalid_data", code="request_cut_off", message=message)
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("unexpected_error type=%s\n%s", type(error).__name__, frames)
    return error_answer(
        500,
        "fault",
        code="unexpected_error",
        message="Something went wrong here.",
        hint="The log of `etsy-pipeline api` says where.",
    )


def _expected(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PipelineError)  # noqa: S101 - it is registered for nothing else
    status, type_ = status_of(error)
    return error_answer(status, type_, error.code, error.message, error.hint)


def _malformed(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - the same
    return error_answer(
        422,
        "invalid_data",
        code="request_malformed",
        message=_problems(error.errors()),
        hint="/docs shows what this route takes.",
    )


def _problems(problems: Sequence[Any]) -> str:
    told = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in problems[:MAX_PROBLEMS_TOLD]]
    more = len(problems) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "") + "."


def _routing(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - the same
    meaning = ROUTING.get(error.status_code, ROUTING[400])
    message = f"{error.detail} ({request.method} {request.url.path})."
    answer = error_answer(error.status_code, meaning.type, meaning.code, message, meaning.hint)
    answer.headers.update(error.headers or {})
    return answer
