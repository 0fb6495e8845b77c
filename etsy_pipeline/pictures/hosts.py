"""From which hosts pictures may be fetched: the public internet, and hosts of one's own that a setting names.

A picture's address comes from the catalogue, and who can edit a product could have this process knock at servers that
only it can reach (SSRF). So addresses are judged, not names: whatever a name or an odd spelling of a number (`127.1`,
`0x7f000001`) leads to is looked at as the address it is, and `network.py` connects to that very address.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from etsy_pipeline.errors import NotConfigured

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

WEB_PORTS = {80, 443}
FIRST_FREE_PORT = 1024  # below it live mail, SSH and the like; what serves pictures beside 80 and 443 is above
LOCAL_NAMES = (".local", ".localhost", ".internal", ".intranet", ".lan", ".corp", ".home", ".home.arpa")

# Where clouds hand out credentials; two of these are public by their numbers. No setting allows them.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class _Trusted:
    """One entry of the setting: a name or a network, at one port or at any."""

    name: str = ""
    network: IpNetwork | None = None
    port: int | None = None

    @property
    def is_range(self) -> bool:
        return self.network is not None and self.network.num_addresses > 1

    def has(self, host: str, address: IpAddress | None, port: int) -> bool:
        if self.port not in {None, port}:
            return False
        return host == self.name if self.network is None else address is not None and address in self.network


@dataclass(frozen=True, slots=True)
class PictureHosts:
    """Hosts of one's own that are allowed beside the public ones."""

    trusted: tuple[_Trusted, ...] = ()

    @classmethod
    def trusting(cls, entries: Iterable[str]) -> "PictureHosts":
        """Read entries such as `files.internal`, `10.0.0.0/8`, `127.0.0.1:9000`, `[::1]:9000`.

        Raises:
            NotConfigured: `settings_unreadable`.
        """
        return cls(tuple(_entry(text.strip()) for text in entries if text.strip()))

    def allow_name(self, host: str, port: int) -> bool:
        """Whether a name may be looked up at all.

        What only a local network knows is refused unasked, unless a network of one's own is trusted, into which any
        name may lead. Ports below 1024 are the web's, or refused.
        """
        name = _plain(host)
        if any(entry.has(name, _literal(name), port) for entry in self.trusted):
            return True
        is_local = name.endswith(LOCAL_NAMES) or ("." not in name and ":" not in name and not name[:1].isdigit())
        return (port in WEB_PORTS or port >= FIRST_FREE_PORT) and (
            not is_local or any(entry.is_range for entry in self.trusted)
        )

    def allow_address(self, host: str, address: IpAddress, port: int) -> bool:
        """Whether this address, to which the name leads, may be connected to."""
        meant = embedded(address)
        if meant in METADATA or address in METADATA:
            return False
        return is_public(meant) or any(entry.has(_plain(host), meant, port) for entry in self.trusted)


def is_public(address: IpAddress) -> bool:
    """Whether an address is one of the public internet."""
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def embedded(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 one stands for (mapped, NAT64, 6to4, Teredo), or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _entry(text: str) -> _Trusted:
    try:
        return _Trusted(network=ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.path or parts.query or parts.fragment or parts.username is not None:
        raise NotConfigured(
            f"{text!r} is no host or network.",
            code="settings_unreadable",
            hint="ETSY_PIPELINE_TRUSTED_IMAGE_HOSTS is a list such as files.internal,10.0.0.0/8,[::1]:9000.",
        )
    literal = _literal(host)
    return _Trusted(_plain(host), ipaddress.ip_network(literal) if literal else None, port)


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _plain(host: str) -> str:
    """A name as it is compared: lower case, IDNA, without the dot of the root."""
    try:
        return host.lower().rstrip(".").encode("idna").decode()
    except UnicodeError:
        return host.lower().rstrip(".")
