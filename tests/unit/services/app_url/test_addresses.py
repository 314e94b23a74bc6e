import socket

import pytest

from services.app_url import addresses
from services.app_url.addresses import is_our_own, is_public

FORBIDDEN = {
    "this host": ["0.0.0.0", "0.1.2.3"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
    "carrier-grade NAT": ["100.64.0.0", "100.127.255.255", "100.100.100.200"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.169.254", "169.254.0.1", "169.254.170.2", "fe80::1", "fe80::1%eth0"],
    "cloud metadata": ["192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"],
    "protocol assignments": ["192.0.0.1", "192.0.0.8", "2001:1::1", "2001:20::1", "2001:2::1"],
    "documentation": ["192.0.2.1", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.0", "198.19.255.255"],
    "6to4": ["192.88.99.1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1"],
    "multicast": ["224.0.0.1", "224.0.1.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "5f00::1", "4000::1", "e000::1"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:a9fe:a9fe"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8", "::"],
    "IPv4-translated": ["::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "unique and site-local": ["fc00::1", "fdff::1", "fec0::1"],
    "discard": ["100::1"],
    "nothing at all": ["", "localhost", "1.2.3", "127.1", "0x7f000001", "2130706433", "[::1]"],
}


@pytest.mark.parametrize(
    ("kind", "address"), [(kind, each) for kind, all_ in FORBIDDEN.items() for each in all_]
)
def test_what_is_not_out_on_the_internet_is_forbidden(kind, address):
    assert not is_public(address), kind


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "169.253.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "192.0.1.1",
        "168.63.129.17",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2001:200::1",
    ],
)
def test_public_addresses_and_the_neighbours_of_forbidden_ones_are_allowed(address):
    assert is_public(address)


def test_an_address_of_an_interface_here_is_our_own():
    assert is_our_own("127.0.0.1")
    assert not is_our_own("8.8.8.8")


def test_an_address_of_a_family_that_is_missing_here_is_not_ours():
    assert not is_our_own("2606:4700:4700::1111")


def test_where_anything_can_be_bound_binding_proves_nothing(monkeypatch):
    class Binds(socket.socket):
        def bind(self, _):
            pass

    monkeypatch.setattr(addresses.socket, "socket", Binds)
    addresses._binds_foreign_addresses.cache_clear()
    try:
        assert not is_our_own("127.0.0.1")
    finally:
        addresses._binds_foreign_addresses.cache_clear()
