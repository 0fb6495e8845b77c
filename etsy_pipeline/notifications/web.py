"""A notice to a webhook: its facts as JSON, or a text in Slack's format."""

from typing import Any

import httpx

from etsy_pipeline.errors import Refused, Unavailable
from etsy_pipeline.notifications.notice import Notice

TIMEOUT_SECONDS = 5.0
HINT = "Correct its address in ETSY_PIPELINE_NOTIFY."

_SLACK_MARKS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # or a title could call the whole channel


def post(url: str, kind: str, notice: Notice, *, is_slack: bool) -> None:
    """Send a notice; the answer's body is not read.

    Raises:
        Unavailable: `notice_not_sent`.
        Refused: `notice_refused`.
    """
    body: dict[str, Any] = {"text": notice.text.translate(_SLACK_MARKS)} if is_slack else notice.as_dict()
    headers = {"idempotency-key": notice.id}
    try:
        with httpx.stream(
            "POST", url, json=body, headers=headers, timeout=TIMEOUT_SECONDS, follow_redirects=False
        ) as answer:
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _later(kind, f"gave no answer ({type(error).__name__})") from None
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.TOO_EARLY}:
        raise _later(kind, f"answered {status}")
    if not httpx.codes.is_success(status):
        raise Refused(f"The {kind} of the notices answered {status}.", code="notice_refused", hint=HINT)


def _later(kind: str, what: str) -> Unavailable:
    return Unavailable(f"The {kind} of the notices {what}.", code="notice_not_sent", hint="It is tried again.")
