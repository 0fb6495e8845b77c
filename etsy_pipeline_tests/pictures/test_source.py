"""Fetching pictures from servers that are slow, endless, broken or malicious; all of them real, on loopback."""

import datetime as dt
import gzip
import io
import ipaddress
import socket
import ssl
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from PIL import Image

from etsy_pipeline.errors import NeedsPerson, PipelineError, Refused, Unavailable
from etsy_pipeline.pictures.conversion import acceptable
from etsy_pipeline.pictures.download import Limits
from etsy_pipeline.pictures.hosts import IpAddress, PictureHosts
from etsy_pipeline.pictures.network import Resolve
from etsy_pipeline.pictures.source import PictureSource
from etsy_pipeline_tests.pictures.picture_server import PictureServer, a_server, answer, endless, in_turn, redirect

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n"


def a_picture(kind: str = "PNG", size: tuple[int, int] = (60, 40)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind)
    return buffer.getvalue()


PICTURE = answer(body=a_picture())


def source(*trusted: str, resolve: Resolve | None = None, **limits: float) -> PictureSource:
    chosen = Limits(**{"seconds": 10.0, **limits})  # type: ignore[arg-type] # some are whole numbers
    return PictureSource(PictureHosts.trusting(trusted), limits=chosen, first_wait_seconds=0.001, resolve=resolve)


def code_of(pictures: PictureSource, url: str) -> str:
    with pytest.raises(PipelineError) as caught:
        pictures.fetch(url)
    assert caught.value.hint
    return caught.value.code


@pytest.fixture
def server() -> Iterator[PictureServer]:
    with a_server() as running:
        yield running


@pytest.fixture
def pictures(server: PictureServer) -> Iterator[PictureSource]:
    with closing(source(f"127.0.0.1:{server.port}", size=200_000)) as made:
        yield made


def test_a_picture_is_fetched_as_it_is(server: PictureServer, pictures: PictureSource) -> None:
    found = pictures.fetch(server.serve("/mug.png", PICTURE))
    assert found.content == a_picture()
    assert found.filename == f"{found.source_sha256[:16]}.png"


def test_nothing_of_ours_is_sent_along(server: PictureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cookie that another picture set, no credentials and no proxy of the environment, which is set here."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with closing(source("127.0.0.1")) as pictures:
        pictures.fetch(server.serve("/a.png", answer(body=a_picture(), set_cookie="a=b; Path=/")))
        pictures.fetch(server.serve("/b.png", PICTURE))
    assert {name for headers in server.headers for name in headers} == {
        "host",
        "accept",
        "accept-encoding",
        "user-agent",
    }


def test_the_same_picture_is_fetched_once_in_a_run(server: PictureServer, pictures: PictureSource) -> None:
    url = server.serve("/mug.png", PICTURE)
    assert pictures.fetch(url) is pictures.fetch(url)
    assert server.asked == ["/mug.png"]


def test_a_dead_picture_is_asked_for_once_in_a_run(server: PictureServer, pictures: PictureSource) -> None:
    for _ in range(2):
        assert code_of(pictures, f"{server.url}/gone.png") == "image_missing"
    assert server.asked == ["/gone.png"]


def test_what_is_kept_is_bounded_in_bytes(server: PictureServer) -> None:
    content = a_picture()
    urls = [server.serve(f"/{number}.png", answer(body=content)) for number in range(3)]
    with closing(source(f"127.0.0.1:{server.port}", kept=2 * len(content))) as pictures:
        for url in [*urls, urls[2], urls[0]]:
            pictures.fetch(url)
    assert server.asked == ["/0.png", "/1.png", "/2.png", "/0.png"]
    with closing(source(f"127.0.0.1:{server.port}", kept=len(content) - 1)) as pictures:
        assert pictures.fetch(urls[0]).content == pictures.fetch(urls[0]).content == content


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(server: PictureServer, pictures: PictureSource, status: int) -> None:
    server.serve("/mug.png", PICTURE)
    assert pictures.fetch(server.serve("/old.png", redirect("mug.png", status))).content == a_picture()


@pytest.mark.parametrize(("redirects", "arrives"), [(5, True), (6, False)])
def test_redirects_are_counted(server: PictureServer, pictures: PictureSource, redirects: int, arrives: bool) -> None:  # noqa: FBT001 - a row
    server.serve(f"/{redirects}", PICTURE)
    for number in range(redirects):
        server.serve(f"/{number}", redirect(f"/{number + 1}"))
    if arrives:
        assert pictures.fetch(f"{server.url}/0").content == a_picture()
    else:
        assert code_of(pictures, f"{server.url}/0") == "image_redirected_too_often"


def test_the_body_of_a_redirect_is_not_read(server: PictureServer, pictures: PictureSource) -> None:
    server.serve("/mug.png", PICTURE)
    url = server.serve("/old", endless(b"HTTP/1.1 302 Found\r\nlocation: /mug.png\r\n\r\n"))
    assert pictures.fetch(url).content == a_picture()


ANY = "0.0.0.0"  # noqa: S104 - an address that is refused


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("127.0.0.1", "image_host_forbidden"),
        ("localhost", "image_host_forbidden"),
        ("127.1", "image_host_forbidden"),
        ("2130706433", "image_host_forbidden"),
        ("0x7f000001", "image_host_forbidden"),
        ("0x7f.0.0.1", "image_host_forbidden"),
        ("017700000001", "image_host_forbidden"),
        ("[::1]", "image_host_forbidden"),
        ("[::ffff:127.0.0.1]", "image_host_forbidden"),
        ("[0:0:0:0:0:ffff:7f00:1]", "image_host_forbidden"),
        (ANY, "image_host_forbidden"),
        ("0177.0.0.1", "image_url_malformed"),
        ("127.0.0.1.", "image_server_unavailable"),
    ],
)
@pytest.mark.parametrize("is_redirected", [False, True])
def test_what_leads_to_a_private_address_is_refused_however_it_is_written(
    server: PictureServer, pictures: PictureSource, host: str, code: str, is_redirected: bool  # noqa: FBT001 - a row
) -> None:  # fmt: skip
    with a_server() as victim:
        victim.serve("/secret", PICTURE)
        url = f"http://{host}:{victim.port}/secret"
        assert code_of(pictures, server.serve("/mug.png", redirect(url)) if is_redirected else url) == code
        assert victim.asked == []


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "http://[fd00:ec2::254]/",
        "http://168.63.129.16/",
        "http://printer.local/",
        "http://10.0.0.1/",
        "http://example.com:22/",
    ],
)
def test_a_redirect_to_what_is_not_public_is_refused_before_anything_is_sent(
    server: PictureServer, pictures: PictureSource, location: str
) -> None:
    assert code_of(pictures, server.serve("/mug.png", redirect(location))) == "image_host_forbidden"


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1:6379/_x",
        "http://u:p@127.0.0.1/",
        "http://[",
        "http://x:y/",
        "http://%31/",
    ],
)
@pytest.mark.parametrize("is_redirected", [False, True])
def test_an_address_that_is_no_plain_http_is_refused(
    server: PictureServer, pictures: PictureSource, location: str, is_redirected: bool  # noqa: FBT001 - a row
) -> None:  # fmt: skip
    url = server.serve("/mug.png", redirect(location)) if is_redirected else location
    assert code_of(pictures, url) == "image_url_malformed"


@pytest.mark.parametrize("url", ["", "//", "http://", "mug.png", "http:///mug.png"])
def test_an_address_without_a_host_is_refused(pictures: PictureSource, url: str) -> None:
    assert code_of(pictures, url) == "image_url_malformed"


def test_a_private_host_is_refused_until_a_setting_names_it(server: PictureServer) -> None:
    url = server.serve("/mug.png", PICTURE)
    with closing(source()) as pictures:
        with pytest.raises(Refused, match="ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS") as caught:
            pictures.fetch(url)
        assert caught.value.code == "image_host_forbidden"
    with closing(source("127.0.0.0/8")) as pictures:
        assert pictures.fetch(url).content == a_picture()


class Names:
    """A nameserver that a stranger controls: another answer each time."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[IpAddress]:
        del host, port
        self.asked += 1
        return [ipaddress.ip_address(text) for text in self._answers.pop(0).split(",")]


def test_a_name_that_leads_elsewhere_the_second_time_gains_nothing() -> None:
    """DNS rebinding: there is one lookup, and the connection goes to the very address that was judged."""
    names = Names("127.0.0.2", "127.0.0.3")
    with a_server("127.0.0.2") as good, a_server("127.0.0.3", good.port) as victim:
        good.serve("/mug.png", answer(body=a_picture(), connection="close"))
        victim.serve("/mug.png", PICTURE)
        with closing(source("127.0.0.2", resolve=names)) as pictures:
            url = f"http://cdn.example.com:{good.port}/mug.png"
            assert pictures.fetch(url).content == a_picture()
            assert names.asked == 1
            assert code_of(pictures, f"{url}?again") == "image_host_forbidden"
        assert (good.asked, victim.asked) == (["/mug.png"], [])


def test_of_several_addresses_only_allowed_ones_are_tried() -> None:
    with a_server("127.0.0.2") as good, a_server("127.0.0.3", good.port) as victim:
        good.serve("/mug.png", PICTURE)
        with closing(source("127.0.0.2", resolve=Names("127.0.0.3,127.0.0.2"))) as pictures:
            pictures.fetch(f"http://cdn.example.com:{good.port}/mug.png")
        assert (len(good.asked), victim.asked) == (1, [])


def test_a_dead_address_gives_way_to_the_next(server: PictureServer) -> None:
    server.serve("/mug.png", PICTURE)
    with closing(source("127.0.0.0/8", resolve=Names("127.0.0.9,127.0.0.1"))) as pictures:
        assert pictures.fetch(f"http://cdn.example.com:{server.port}/mug.png").content == a_picture()


def test_a_name_that_does_not_exist_is_no_crash() -> None:
    def nowhere(host: str, port: int) -> list[IpAddress]:
        raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port}")

    with closing(source(resolve=nowhere)) as pictures:
        assert code_of(pictures, "http://cdn.example.com/mug.png") == "image_server_unavailable"
    with closing(source()) as pictures:
        assert code_of(pictures, f"http://{'x' * 64}.example.com/") in {
            "image_url_malformed",
            "image_server_unavailable",
        }


def certificate(folder: Path, name: str) -> Path:
    """A certificate of its own authority, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_tls_verifies_the_name_although_an_address_is_connected_to(
    server: PictureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An authority of one's own is trusted by the environment, as OpenSSL has it: that is what is set here."""
    file = certificate(tmp_path, "cdn.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server._server.socket = context.wrap_socket(server._server.socket, server_side=True)
    server.serve("/mug.png", PICTURE)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with closing(source("127.0.0.1", resolve=lambda *_: [ipaddress.ip_address("127.0.0.1")])) as pictures:
        assert pictures.fetch(f"https://cdn.example.com:{server.port}/mug.png").content == a_picture()
        assert code_of(pictures, f"https://other.example.com:{server.port}/mug.png") == "image_server_unavailable"


@pytest.mark.parametrize(
    "head", [HEAD, HEAD + b"content-length: 99999999999\r\n", HEAD + b"content-length: 200001\r\n"]
)
def test_an_endless_body_is_cut_off(server: PictureServer, pictures: PictureSource, head: bytes) -> None:
    assert code_of(pictures, server.serve("/mug.png", endless(head + b"\r\n"))) == "image_too_large"


def test_the_largest_body_passes(server: PictureServer) -> None:
    content = a_picture()
    url = server.serve("/mug.png", answer(body=content))
    with closing(source("127.0.0.1", size=len(content))) as pictures:
        assert pictures.fetch(url).content == content
    with closing(source("127.0.0.1", size=len(content) - 1)) as pictures:
        assert code_of(pictures, url) == "image_too_large"


@pytest.mark.parametrize(
    "start", [HEAD + b"content-length: 90000\r\n\r\n", HEAD + b"x-slow: ", b""], ids=["body", "headers", "nothing"]
)
def test_a_server_that_drips_is_left_when_the_time_is_up(server: PictureServer, start: bytes) -> None:
    url = server.serve("/mug.png", server.drip(start))
    with closing(source("127.0.0.1", seconds=0.3)) as pictures:
        assert code_of(pictures, url) == "image_too_slow"
    assert server.asked == ["/mug.png"], "and not asked again"


def test_the_time_is_that_of_all_redirects_together(server: PictureServer) -> None:
    server.serve("/slow", server.drip(HEAD + b"x-slow: "))
    with closing(source("127.0.0.1", seconds=0.3)) as pictures:
        assert code_of(pictures, server.serve("/mug.png", redirect("/slow"))) == "image_too_slow"


def test_a_server_that_never_answers_is_left_when_the_time_is_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, closing(source("127.0.0.1", seconds=0.2)) as pictures:
        assert code_of(pictures, f"http://127.0.0.1:{silent.getsockname()[1]}/") == "image_too_slow"


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_server_that_stumbles_is_asked_again(server: PictureServer, pictures: PictureSource, status: int) -> None:
    url = server.serve("/mug.png", in_turn(answer(status), answer(status), PICTURE))
    assert pictures.fetch(url).content == a_picture()
    assert len(server.asked) == 3


def test_a_server_that_stays_down_is_unavailable_and_may_be_asked_later(
    server: PictureServer, pictures: PictureSource
) -> None:
    url = server.serve("/mug.png", in_turn(*[answer(502)] * 3, PICTURE))
    with pytest.raises(Unavailable) as caught:
        pictures.fetch(url)
    assert caught.value.code == "image_server_unavailable"
    assert pictures.fetch(url).content == a_picture()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_picture_that_is_not_there_is_refused_at_once(
    server: PictureServer, pictures: PictureSource, status: int
) -> None:
    assert code_of(pictures, server.serve("/mug.png", answer(status))) == "image_missing"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "raw", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nshort", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000],
    ids=["nothing", "not http", "cut off", "too many headers"],
)  # fmt: skip
def test_what_is_no_http_is_a_server_that_is_down(server: PictureServer, pictures: PictureSource, raw: bytes) -> None:
    def behave(request: object) -> None:
        request.wfile.write(raw)  # type: ignore[attr-defined]
        request.close_connection = True  # type: ignore[attr-defined]

    assert code_of(pictures, server.serve("/mug.png", behave)) == "image_server_unavailable"


def test_an_encoding_that_could_hide_a_bomb_is_refused(server: PictureServer, pictures: PictureSource) -> None:
    body = gzip.compress(bytes(50_000_000))
    url = server.serve("/mug.png", answer(body=body, content_encoding="gzip"))
    assert code_of(pictures, url) == "image_unreadable"
    assert server.headers[0]["accept-encoding"] == "identity"


def bomb(width: int, height: int) -> bytes:
    """A tiny PNG that claims a size and has nothing to show for it: whoever decodes it finds it broken."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"broken") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 10_000), (9_000, 9_000), (80_000_001, 1)])
def test_a_bomb_is_refused_before_it_is_decoded(
    server: PictureServer, pictures: PictureSource, size: tuple[int, int]
) -> None:
    """The first is more than Pillow reads, the others more than we do."""
    content = bomb(*size)
    assert len(content) < 200
    assert code_of(pictures, server.serve("/mug.png", answer(body=content))) == "image_too_large"


def test_a_bomb_that_could_go_off_is_refused(server: PictureServer, pictures: PictureSource) -> None:
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 200_000
    assert code_of(pictures, server.serve("/mug.png", answer(body=buffer.getvalue()))) == "image_too_large"


def test_messages_tell_no_password_and_no_signature(server: PictureServer, pictures: PictureSource) -> None:
    """An address may be signed: who has it may read what is there."""
    for url in (f"{server.url}/gone.png?X-Amz-Signature=secret", f"http://ada:secret@127.0.0.1:{server.port}/"):
        with pytest.raises(Refused) as caught:
            pictures.fetch(url)
        assert "secret" not in str(caught.value)
    with pytest.raises(Refused) as caught:
        acceptable(b"x", "https://cdn.example.com/mug.png?sig=secret")
    assert "secret" not in str(caught.value)


def test_a_refusal_is_the_items_and_not_the_jobs(pictures: PictureSource) -> None:
    """A hostile picture must not stop the other products."""
    with pytest.raises(Refused) as caught:
        pictures.fetch("http://10.0.0.1/")
    assert not isinstance(caught.value, NeedsPerson)
