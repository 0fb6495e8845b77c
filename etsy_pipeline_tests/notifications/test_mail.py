"""Notices by mail, to a real mail server on this machine: TLS before a password, whose certificate is checked."""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from socket import create_server
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from etsy_pipeline.errors import NotConfigured, Refused, Unavailable
from etsy_pipeline.notifications.mail import MailServer
from etsy_pipeline.notifications.notice import Notice

NOTICE = Notice("completed", "wf_1", "My shop", "completed", "3 synced, 1 failed.", 3, 1)
USER, PASSWORD = "me@example.com", "mail-password"


class Inbox:
    """What the server took, and how it came."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer, self.taken, self.logins = answer, list[Any](), list[bool]()

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken.append((session.ssl is not None, envelope))
        return self.answer

    def check(self, _server: Any, session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        """Take one user's password."""
        self.logins.append(session.ssl is not None)
        right = LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=isinstance(given, LoginPassword) and given == right, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that the server made itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail on this machine")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("mail") / "server.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(*form))
    return path


@contextmanager
def a_mail_server(inbox: Inbox, **options: Any) -> Iterator[int]:
    """A mail server on a free port."""
    with create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port, authenticator=inbox.check, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def trusting(server: MailServer, certificate: Path) -> MailServer:
    return replace(server, trust=ssl.create_default_context(cafile=str(certificate)))


def test_a_mail_goes_to_the_address_by_the_mail_server() -> None:
    inbox = Inbox()
    with a_mail_server(inbox) as port:
        MailServer.at(f"smtp://127.0.0.1:{port}").send("me@example.com", NOTICE)
    ((_, envelope),) = inbox.taken
    mail = message_from_bytes(envelope.content)
    assert envelope.rcpt_tos == ["me@example.com"]
    assert (mail["Subject"], mail["From"]) == (NOTICE.subject, "etsy_pipeline@127.0.0.1")
    assert mail["Message-ID"] == f"<{NOTICE.id}@etsy_pipeline>", "sent twice it is shown once"


def test_a_password_is_given_after_the_connection_is_encrypted(certificate: Path) -> None:
    inbox = Inbox()
    with a_mail_server(inbox, tls_context=tls(certificate), require_starttls=True, auth_required=True) as port:
        server = MailServer.at(f"smtp://me%40example.com:{PASSWORD}@127.0.0.1:{port}")
        trusting(server, certificate).send("me@example.com", NOTICE)
    ((is_encrypted, envelope),) = inbox.taken
    assert (inbox.logins, is_encrypted, envelope.mail_from) == ([True], True, USER)


def test_a_server_that_cannot_show_who_it_is_gets_neither_password_nor_mail(certificate: Path) -> None:
    inbox = Inbox()
    with a_mail_server(inbox, tls_context=tls(certificate)) as port, pytest.raises(Unavailable, match="SSL"):
        MailServer.at(f"smtp://me%40example.com:{PASSWORD}@127.0.0.1:{port}").send("me@example.com", NOTICE)
    assert (inbox.logins, inbox.taken) == ([], [])


def test_a_server_elsewhere_that_offers_no_encryption_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etsy_pipeline.notifications.mail.LOOPBACK", ())  # all that a test can reach is this machine
    inbox = Inbox()
    with a_mail_server(inbox, auth_require_tls=False) as port, pytest.raises(Refused, match="no TLS"):
        MailServer.at(f"smtp://me:{PASSWORD}@127.0.0.1:{port}").send("me@example.com", NOTICE)
    assert inbox.logins == []


def test_a_wrong_password_is_refused_for_good_and_not_repeated(certificate: Path) -> None:
    with a_mail_server(Inbox(), tls_context=tls(certificate)) as port:
        server = trusting(MailServer.at(f"smtp://me:not-my-password@127.0.0.1:{port}"), certificate)
        with pytest.raises(Refused) as caught:
            server.send("me@example.com", NOTICE)
    assert "not-my-password" not in str(caught.value)


@pytest.mark.parametrize(("answer", "error"), [("451 later", Unavailable), ("554 never", Refused)])
def test_what_the_server_answers_says_whether_it_is_tried_again(answer: str, error: type[Exception]) -> None:
    with a_mail_server(Inbox(answer)) as port, pytest.raises(error):
        MailServer.at(f"smtp://127.0.0.1:{port}").send("me@example.com", NOTICE)


@pytest.mark.parametrize(
    ("url", "port", "is_tls"),
    [
        ("smtp://h", 25, False),
        ("smtp://u:p@h", 587, False),
        ("smtps://u:p@h", 465, True),
        ("smtp://h:2525", 2525, False),
    ],
)
def test_a_port_that_is_not_given_is_the_usual_one(url: str, port: int, is_tls: bool) -> None:  # noqa: FBT001 - a table
    server = MailServer.at(url)
    assert (server.port, server.is_tls) == (port, is_tls)


@pytest.mark.parametrize("url", ["mail.example.com:587", "https://x", "smtp://", "smtp://h:port"])
def test_an_address_that_is_none_is_told_without_repeating_it(url: str) -> None:
    with pytest.raises(NotConfigured) as caught:
        MailServer.at(url)
    assert caught.value.code == "smtp_url_malformed"
    assert "p%40ss" not in repr(MailServer.at("smtp://u:p%40ss@h"))
