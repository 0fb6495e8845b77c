"""Who hears of it: an e-mail address, a Slack incoming webhook, or any URL that takes JSON.

The address of a webhook is a secret: it is in no message and in no table, where its fingerprint stands for it.
"""

import hashlib
import smtplib
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

import httpx

from etsy_pipeline.errors import NotConfigured, Refused, Unavailable
from etsy_pipeline.notices.notice import Notice

TIMEOUT_SECONDS = 10.0
SLACK = "hooks.slack.com"
MAIL = "mailto:"
HINT = "Correct ETSY_PIPELINE_NOTIFY: mailto:me@example.com, or the https address of a webhook; commas between."


@dataclass(frozen=True, slots=True)
class Receiver:
    """One address; `kind` is what a person may see of it."""

    address: str = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """Stands for the address in the database."""
        return hashlib.sha256(self.address.encode()).hexdigest()[:16]

    @property
    def kind(self) -> str:
        """Mail, Slack or webhook, with the host."""
        if self.address.startswith(MAIL):
            return "mail"
        host = urlsplit(self.address).hostname or ""
        return "Slack" if host == SLACK else f"webhook at {host}"


def receivers(addresses: str) -> list[Receiver]:
    """The receivers of a setting.

    Raises:
        NotConfigured: `notify_malformed`.
    """
    found = [Receiver(item.strip()) for item in addresses.split(",") if item.strip()]
    for number, item in enumerate(found, 1):
        is_web = urlsplit(item.address).scheme in {"http", "https"} and urlsplit(item.address).hostname
        if not (is_web or (item.address.startswith(MAIL) and "@" in item.address)):
            raise NotConfigured(
                f"Number {number} of ETSY_PIPELINE_NOTIFY is neither an e-mail address nor a web address.",
                code="notify_malformed",
                hint=HINT,
            )
    return found


def send(receiver: Receiver, notice: Notice, *, smtp_url: str | None) -> None:
    """Send a notice.

    Raises:
        Unavailable: `notice_not_sent`, when it may work later.
        Refused: `notice_refused`, when it will not.
        NotConfigured: `setting_missing`, `notify_malformed`.
    """
    if receiver.address.startswith(MAIL):
        _mail(receiver.address.removeprefix(MAIL), notice, smtp_url)
        return
    is_slack = receiver.kind == "Slack"
    try:
        answer = httpx.post(
            receiver.address,
            json={"text": notice.text} if is_slack else notice.as_dict(),
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _later(receiver, f"gave no answer ({type(error).__name__})") from None
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise _later(receiver, f"answered {answer.status_code}")
    if not answer.is_success:
        raise Refused(
            f"The {receiver.kind} of the notices answered {answer.status_code}.", code="notice_refused", hint=HINT
        )


def _mail(address: str, notice: Notice, smtp_url: str | None) -> None:
    if smtp_url is None:
        raise NotConfigured(
            "Notices by e-mail need a mail server.",
            code="setting_missing",
            hint="Set ETSY_PIPELINE_SMTP_URL, for example smtp://user:password@mail.example.com:587.",
        )
    server = urlsplit(smtp_url)
    message = EmailMessage()
    message["Subject"], message["To"] = notice.subject, address
    message["From"] = f"etsy_pipeline@{server.hostname}" if "@" not in (server.username or "") else server.username
    message.set_content(notice.text)
    make = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    try:
        with make(server.hostname or "", server.port or 0, timeout=TIMEOUT_SECONDS) as connection:
            if server.scheme == "smtp" and connection.has_extn("starttls"):
                connection.starttls()
            if server.username:
                connection.login(unquote(server.username), unquote(server.password or ""))
            connection.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise Unavailable(
            f"The mail server did not take the notice ({type(error).__name__}).",
            code="notice_not_sent",
            hint="Check ETSY_PIPELINE_SMTP_URL.",
        ) from None


def _later(receiver: Receiver, what: str) -> Unavailable:
    return Unavailable(f"The {receiver.kind} of the notices {what}.", code="notice_not_sent", hint="It is tried again.")
