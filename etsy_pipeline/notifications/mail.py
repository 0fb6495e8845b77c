"""A notice by e-mail, over a connection that nobody can listen to."""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from etsy_pipeline.errors import NotConfigured, Refused, Unavailable
from etsy_pipeline.notifications.notice import Notice

TIMEOUT_SECONDS = 5.0
FOR_GOOD = range(500, 600)  # RFC 5321: a reply that will be the same next time
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server that takes our mail. A password is given to it over TLS only, and to the right server only."""

    host: str
    port: int
    is_tls: bool
    user: str = ""
    password: str = field(default="", repr=False)
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)

    @classmethod
    def at(cls, url: str) -> "MailServer":
        """The server of ETSY_PIPELINE_SMTP_URL.

        Raises:
            NotConfigured: `smtp_url_malformed`.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            parts, host, port = urlsplit(""), None, None
        if parts.scheme not in {"smtp", "smtps"} or not host:
            raise NotConfigured(
                "ETSY_PIPELINE_SMTP_URL is not the address of a mail server.",
                code="smtp_url_malformed",
                hint="For example smtp://user:password@mail.example.com:587; @ in the user's name is written %40.",
            )
        is_tls = parts.scheme == "smtps"
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(host, port or (465 if is_tls else 587 if user else 25), is_tls, user, password)

    def send(self, address: str, notice: Notice) -> None:
        """Send a mail.

        Raises:
            Unavailable: `notice_not_sent`.
            Refused: `notice_refused`.
        """
        try:
            with self._connected() as connection:
                if self.user:
                    connection.login(self.user, self.password)
                connection.send_message(self._message(address, notice))
        except (smtplib.SMTPException, OSError) as error:
            raise _failure(error) from None

    def _connected(self) -> smtplib.SMTP:
        if self.is_tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=self.trust)
        connection = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.ehlo()
            if connection.has_extn("starttls"):
                connection.starttls(context=self.trust)
            elif self.user and self.host not in LOOPBACK:
                raise _not_safe()
        except BaseException:
            connection.close()
            raise
        return connection

    def _message(self, address: str, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["Subject"], message["To"] = notice.subject, address
        message["From"] = self.user if "@" in self.user else f"etsy_pipeline@{self.host}"
        message["Message-ID"] = f"<{notice.id}@etsy_pipeline>"  # sent twice it is shown once
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text)
        return message


def _not_safe() -> Refused:
    return Refused(
        "The mail server offers no TLS, so it is not given a password.",
        code="notice_refused",
        hint="Use smtps:// or another port in ETSY_PIPELINE_SMTP_URL.",
    )


def _failure(error: Exception) -> Refused | Unavailable:
    status = getattr(error, "smtp_code", 0)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        status = max(code for code, _ in error.recipients.values())
    told = f"{type(error).__name__}{f' {status}' if status else ''}"
    if status in FOR_GOOD:
        hint = "Correct the address in ETSY_PIPELINE_NOTIFY, or user and password in ETSY_PIPELINE_SMTP_URL."
        return Refused(f"The mail server refused the notice ({told}).", code="notice_refused", hint=hint)
    return Unavailable(
        f"The mail server did not take the notice ({told}).",
        code="notice_not_sent",
        hint="Check ETSY_PIPELINE_SMTP_URL.",
    )
