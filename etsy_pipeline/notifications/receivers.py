"""Who hears of it: an e-mail address, a Slack incoming webhook, or any URL that takes JSON.

The address of a webhook is a secret: it is in no message and in no table, where its fingerprint stands for it.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.notifications import web
from etsy_pipeline.notifications.mail import MailServer
from etsy_pipeline.notifications.notice import Notice

SLACK_HOST = "hooks.slack.com"
SLACK = "slack+"  # before the address of another server that takes Slack's format: Mattermost, Rocket.Chat, Discord
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
    def is_mail(self) -> bool:
        """Whether it is an e-mail address."""
        return self.address.startswith(MAIL)

    @property
    def url(self) -> str:
        """The address of a webhook."""
        return self.address.removeprefix(SLACK)

    @property
    def is_slack(self) -> bool:
        """Whether it takes Slack's format."""
        return self.address.startswith(SLACK) or urlsplit(self.address).hostname == SLACK_HOST

    @property
    def kind(self) -> str:
        """Mail, Slack or webhook, with the host."""
        if self.is_mail:
            return "mail"
        host = urlsplit(self.url).hostname or ""
        return "Slack" if host == SLACK_HOST else f"webhook at {host}"


def receivers(addresses: str) -> list[Receiver]:
    """The receivers of a setting.

    Raises:
        NotConfigured: `notify_malformed`.
    """
    found = [Receiver(item.strip()) for item in addresses.split(",") if item.strip()]
    for number, item in enumerate(found, 1):
        if not (_is_mailbox(item) if item.is_mail else _is_web(item.url)):
            raise NotConfigured(
                f"Number {number} of ETSY_PIPELINE_NOTIFY is neither an e-mail address nor a web address.",
                code="notify_malformed",
                hint=HINT,
            )
    return found


def check(addresses: str, smtp_url: str | None) -> list[Receiver]:
    """The receivers, when everything that sending to them needs is in place; nothing is sent.

    Raises:
        NotConfigured: `notify_malformed`, `smtp_url_malformed`, `setting_missing` for mails without a server.
    """
    found = receivers(addresses)
    if smtp_url:
        MailServer.at(smtp_url)
    elif any(item.is_mail for item in found):
        raise _no_mail_server()
    return found


def sender(smtp_url: str | None) -> Callable[[Receiver, Notice], None]:
    """What sends a notice to a receiver, mails by this server.

    The sender raises Unavailable (`notice_not_sent`) when it may work later, Refused (`notice_refused`) when it will
    not, and NotConfigured (`setting_missing`).

    Raises:
        NotConfigured: `smtp_url_malformed`.
    """
    server = MailServer.at(smtp_url) if smtp_url else None

    def send(receiver: Receiver, notice: Notice) -> None:
        if not receiver.is_mail:
            web.post(receiver.url, receiver.kind, notice, is_slack=receiver.is_slack)
        elif server is None:
            raise _no_mail_server()
        else:
            server.send(receiver.address.removeprefix(MAIL), notice)

    return send


def _no_mail_server() -> NotConfigured:
    return NotConfigured(
        "Notices by e-mail need a mail server.",
        code="setting_missing",
        hint="Set ETSY_PIPELINE_SMTP_URL, for example smtp://user:password@mail.example.com:587.",
    )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_mailbox(receiver: Receiver) -> bool:
    name, _, host = receiver.address.removeprefix(MAIL).partition("@")
    return bool(name and host) and "?" not in host and not any(letter.isspace() for letter in receiver.address)
