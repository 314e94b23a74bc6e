import socket
import subprocess
import sys
import threading

import pytest

from services.app_url import urls
from services.app_url.deadline import Deadline
from services.app_url.lookup import addresses_of, system_resolver
from utils.errors import UrlRefused, UrlTooSlow, UrlUnreachable
from utils.settings import ROOT

PUBLIC = ["8.8.8.8", "2606:4700:4700::1111"]


def look_up(url="http://example.org/", *, found=PUBLIC, allow="", seconds=10):
    resolve = found if callable(found) else lambda *_: list(found)
    return addresses_of(
        urls.parse(url), Deadline(seconds), allow=frozenset(allow.split(",")), resolve=resolve
    )


def test_public_addresses_keep_the_systems_order():
    assert look_up() == PUBLIC


def test_of_very_many_addresses_a_few_are_kept():
    assert len(look_up(found=[f"8.8.8.{last}" for last in range(100)])) == 4


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["10.0.0.1", "8.8.8.8"],
        ["169.254.169.254"],
        ["::1"],
        ["8.8.8.8", "::ffff:10.0.0.1"],
        ["64:ff9b::7f00:1"],
        [*(f"8.8.8.{last}" for last in range(50)), "192.168.0.1"],
    ],
)
def test_one_forbidden_address_refuses_the_name(found):
    with pytest.raises(UrlRefused):
        look_up(found=found)


@pytest.mark.parametrize("port", [22, 25, 8080, 6379, 11211, 65535])
def test_other_ports_are_refused_before_the_name_is_looked_up(port):
    def resolve(*_):
        pytest.fail("looked up")

    with pytest.raises(UrlRefused, match=f"port {port}"):
        look_up(f"http://example.org:{port}/", found=resolve)


@pytest.mark.parametrize("url", ["http://example.org:443/", "https://example.org:80/"])
def test_the_two_usual_ports_are_fine_for_both_schemes(url):
    assert look_up(url) == PUBLIC


def test_the_operators_exemption_covers_address_and_port():
    assert look_up("http://a.lan:8000/", found=["10.0.0.1"], allow="a.lan:8000") == ["10.0.0.1"]


def test_an_address_of_this_machine_is_refused_even_if_public(monkeypatch):
    from services.app_url import lookup

    monkeypatch.setattr(lookup, "is_our_own", lambda address: address == "8.8.8.8")
    with pytest.raises(UrlRefused, match="this machine"):
        look_up()


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), UnicodeError("label")])
def test_a_name_that_is_not_found_is_said_to_be_so(error):
    def resolve(*_):
        raise error

    with pytest.raises(UrlUnreachable) as failure:
        look_up(found=resolve)
    assert "find that server" in failure.value.public_sentence


def test_a_name_without_addresses_is_not_found():
    with pytest.raises(UrlUnreachable):
        look_up(found=[])


def test_a_look_up_that_hangs_ends_with_the_deadline():
    release = threading.Event()

    def resolve(*_):
        release.wait(10)
        return PUBLIC

    try:
        with pytest.raises(UrlTooSlow):
            look_up(found=resolve, seconds=0.05)
    finally:
        release.set()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1"])
def test_every_spelling_of_loopback_is_looked_up_as_loopback_and_refused(host):
    with pytest.raises((UrlRefused, UrlUnreachable)):
        look_up(f"http://{host}/", found=system_resolver)


def test_the_systems_resolver_lists_each_address_once():
    assert system_resolver("127.0.0.1", 80) == ["127.0.0.1"]


_BESIDE_OTHERS = """
from gevent import monkey
monkey.patch_all()
import threading
from gevent.monkey import get_original, saved
sleep, real = get_original("time", "sleep"), saved["socket"]["getaddrinfo"]
waiting = []
def silent(host, port, **kind):
    waiting.append(host)
    for _ in range(1000):
        if len(waiting) == 12:
            return real("127.0.0.1", port, **kind)
        sleep(0.01)
    raise OSError("the others never came")
saved["socket"]["getaddrinfo"] = silent
from services.app_url.lookup import system_resolver
found = []
threads = [
    threading.Thread(target=lambda n=n: found.append(system_resolver(f"h{n}.example", 80)))
    for n in range(12)
]
for each in threads: each.start()
for each in threads: each.join()
print(found == 12 * [["127.0.0.1"]])
"""


def test_under_gevent_silent_name_servers_hold_no_thread_of_anybody_else() -> None:
    # gevent itself has ten for the whole process, Telegram's name included.
    done = subprocess.run(
        [sys.executable, "-c", _BESIDE_OTHERS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "True\n"
