"""From which hosts pictures may come."""

import ipaddress

import pytest

from etsy_pipeline.errors import NotConfigured
from etsy_pipeline.pictures.hosts import METADATA, PictureHosts, is_public
from etsy_pipeline.settings import Settings

NONE = PictureHosts()


def allowed(hosts: PictureHosts, host: str, address: str, port: int = 443) -> bool:
    return hosts.allow_name(host, port) and hosts.allow_address(host, ipaddress.ip_address(address), port)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert allowed(NONE, "cdn.example.com", address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",  # noqa: S104 - a refused one
        "169.254.1.1", "100.64.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
        "2002:a00:1::1", "2001:0:53aa:64c:0:0:80ff:fffe",
    ],
)  # fmt: skip
def test_private_loopback_and_reserved_addresses_are_refused(address: str) -> None:
    """Also where an IPv6 address stands for such an IPv4 one: mapped, compatible, NAT64, 6to4, Teredo."""
    assert not allowed(NONE, "cdn.example.com", address)


@pytest.mark.parametrize("address", sorted(METADATA, key=str), ids=str)
def test_where_clouds_hand_out_credentials_is_refused_whatever_is_trusted(address: ipaddress.IPv4Address) -> None:
    every = PictureHosts.trusting(["0.0.0.0/0", "::/0", "metadata.google.internal", str(address)])
    assert not allowed(every, "metadata.google.internal", str(address), 80)
    assert allowed(every, "files.internal", "10.0.0.1", 80)


def test_two_metadata_addresses_look_public() -> None:
    """Which is why they are listed."""
    assert is_public(ipaddress.ip_address("168.63.129.16"))


@pytest.mark.parametrize(
    "host", ["localhost", "medusa", "printer.local", "PRINTER.LOCAL.", "db.internal", "x.localhost", "nas.home.arpa"]
)
def test_names_that_only_a_local_network_knows_are_not_even_looked_up(host: str) -> None:
    assert not NONE.allow_name(host, 80)
    assert PictureHosts.trusting([host]).allow_name(host, 80)


@pytest.mark.parametrize(
    ("port", "expected"), [(80, True), (443, True), (8080, True), (9000, True), (22, False), (25, False), (1023, False)]
)
def test_odd_ports_are_refused_unless_the_host_is_trusted_with_them(port: int, expected: bool) -> None:  # noqa: FBT001 - a row
    assert allowed(NONE, "cdn.example.com", "8.8.8.8", port) is expected
    assert allowed(PictureHosts.trusting([f"cdn.example.com:{port}"]), "cdn.example.com", "8.8.8.8", port)


@pytest.mark.parametrize(
    ("entry", "host", "address", "port", "expected"),
    [
        ("127.0.0.1:9000", "127.0.0.1", "127.0.0.1", 9000, True),
        ("127.0.0.1:9000", "127.0.0.1", "127.0.0.1", 9001, False),
        ("127.0.0.1:9000", "cdn.example.com", "127.0.0.1", 9000, True),
        ("127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1", 80, True),
        ("127.0.0.1", "127.0.0.1", "127.0.0.2", 80, False),
        ("[::1]:9000", "::1", "::1", 9000, True),
        ("::1", "::1", "::1", 80, True),
        ("10.0.0.0/8", "files.internal", "10.9.8.7", 80, True),
        ("10.0.0.0/8", "files.internal", "192.168.0.1", 80, False),
        ("files.internal", "FILES.internal.", "10.0.0.1", 80, True),
        ("files.internal", "other.internal", "10.0.0.1", 80, False),
        ("files.internal:81", "files.internal", "10.0.0.1", 81, True),
        ("files.internal:81", "files.internal", "10.0.0.1", 80, False),
        ("bücher.internal", "xn--bcher-kva.internal", "10.0.0.1", 80, True),
    ],
)
def test_a_trusted_host_or_network_is_allowed(entry: str, host: str, address: str, port: int, expected: bool) -> None:  # noqa: FBT001 - a row
    assert allowed(PictureHosts.trusting([entry]), host, address, port) is expected


@pytest.mark.parametrize(
    "entry", ["http://files.internal", "user@host", "host:port", "a/b", "host?x", "[::1", "host:70000"]
)
def test_an_entry_that_is_no_host_is_told(entry: str) -> None:
    with pytest.raises(NotConfigured, match="is no host or network") as caught:
        PictureHosts.trusting(["files.internal", entry])
    assert caught.value.code == "settings_unreadable"


@pytest.mark.parametrize(
    ("medusa_url", "expected"),
    [
        ("http://10.0.0.5:9000", "10.0.0.5:9000"),
        ("https://shop.example.com", "shop.example.com:443"),
        ("http://medusa/", "medusa:80"),
        ("http://[::1]:9000/x", "[::1]:9000"),
        ("http://[::1]", "[::1]:80"),
        (None, ""),
    ],
)
def test_medusas_own_host_is_trusted_at_its_port(medusa_url: str | None, expected: str) -> None:
    settings = Settings.load(medusa_url=medusa_url, etsy_pipeline_trusted_image_hosts="files.internal, 10.1.0.0/16")
    assert [text.strip() for text in settings.trusted_image_hosts] == [expected, "files.internal", "10.1.0.0/16"]
    PictureHosts.trusting(settings.trusted_image_hosts)
