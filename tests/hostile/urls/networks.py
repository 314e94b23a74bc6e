"""Names that lead to addresses of every kind, at once or one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from tests.hostile.urls.case import ANSWERED, PUBLIC, Case, resolved

# First and last address of what is forbidden, by https://www.iana.org/assignments for special
# purposes in IPv4 and IPv6, and by what clouds keep for themselves.
RANGES = {
    "this host": ("0.0.0.0", "0.255.255.255"),
    "private, 10": ("10.0.0.0", "10.255.255.255"),
    "carrier-grade NAT": ("100.64.0.0", "100.127.255.255"),
    "loopback": ("127.0.0.0", "127.255.255.255"),
    "link-local": ("169.254.0.0", "169.254.255.255"),
    "private, 172.16": ("172.16.0.0", "172.31.255.255"),
    "protocol assignments": ("192.0.0.0", "192.0.0.255"),
    "documentation 1": ("192.0.2.0", "192.0.2.255"),
    "6to4 relays": ("192.88.99.0", "192.88.99.255"),
    "private, 192.168": ("192.168.0.0", "192.168.255.255"),
    "benchmarks": ("198.18.0.0", "198.19.255.255"),
    "documentation 2": ("198.51.100.0", "198.51.100.255"),
    "documentation 3": ("203.0.113.0", "203.0.113.255"),
    "multicast and reserved": ("224.0.0.0", "255.255.255.255"),
    "a cloud's platform": ("168.63.129.16", "168.63.129.16"),
    "below the IPv6 internet": ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "IPv6 protocol assignments": ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "IPv6 documentation": ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    "6to4": ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    "above the IPv6 internet": ("3fff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
}
_INSIDE = {
    "AWS metadata": "169.254.169.254",
    "AWS task metadata": "169.254.170.2",
    "Alibaba metadata": "100.100.100.200",
    "Oracle metadata": "192.0.0.192",
    "AWS metadata, IPv6": "fd00:ec2::254",
    "Google metadata, IPv6": "fd20:ce::254",
    "a router": "192.168.1.1",
    "Docker's bridge": "172.17.0.1",
    "all nodes": "ff02::1",
    "discovery": "239.255.255.250",
    "site-local": "fec0::1",
    "segment routing": "5f00::1",
    "IPv4-mapped": "::ffff:10.0.0.1",
    "IPv4-compatible": "::10.0.0.1",
    "NAT64": "64:ff9b::a00:1",
    "Teredo": "2001::1",
    "with a zone": "fe80::1%lo",
}


def is_forbidden(text: str) -> bool:
    """Whether an address lies in one of `RANGES`: another way to say it than the product's own."""
    address = ip_address(text)
    return any(
        int(ip_address(first)) <= int(address) <= int(ip_address(last))
        for first, last in RANGES.values()
        if ip_address(first).version == address.version
    )


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (first, last) in RANGES.items():
        for which, address in {"first": first, "last": last}.items():
            yield _inside("ranges of addresses", f"{name}, {which}", [address])
        for which, address in _neighbours(first, last).items():
            yield resolved("ranges of addresses", f"{name}, {which}", [address], expected=ANSWERED)
    for name, address in _INSIDE.items():
        yield _inside("names that lead inside", name, [address])
    many = [f"93.184.215.{last}" for last in range(1, 60)]
    mixed = {
        "public, then private": [PUBLIC, "10.0.0.1"],
        "private, then public": ["10.0.0.1", PUBLIC],
        "public IPv6, private IPv4": ["2606:4700:4700::1111", "192.168.0.1"],
        "public IPv4, loopback IPv6": [PUBLIC, "::1"],
        "the last of sixty": [*many, "127.0.0.1"],
    }
    for name, addresses in mixed.items():
        yield _inside("mixed answers", name, addresses)
    yield resolved("mixed answers", "sixty public ones", many, expected=ANSWERED)
    yield resolved(
        "mixed answers", "none at all", [], expected="url_unreachable", reason="name_not_found"
    )
    for name, address in (*_INSIDE.items(), ("loopback", "127.0.0.1"), ("IPv6 loopback", "::1")):
        # The second look-up would be that of a fetcher that connects by name.
        yield resolved("rebinding", f"to {name}", [PUBLIC], [address], expected=ANSWERED)
        yield _inside("rebinding", f"from {name}", [address], [PUBLIC])


def _inside(group: str, name: str, *answers: list[str]) -> Case:
    return resolved(group, name, *answers, reason="private_address")


def _neighbours(first: str, last: str) -> dict[str, str]:
    """The addresses before and after a range, where they are out on the internet."""
    found = {}
    lowest, highest = ip_address(first), ip_address(last)
    if int(lowest):
        found["the one before"] = str(lowest - 1)
    if int(highest) + 1 < 2**highest.max_prefixlen:
        found["the one after"] = str(highest + 1)
    return found
