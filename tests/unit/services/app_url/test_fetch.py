import gc
import threading
import time
from contextlib import ExitStack

import pytest

from services.app_url.fetch import Fetcher
from services.app_url.pace import Floor
from tests.fakes_services import JPEG, header_of, http, says, settings, stranger
from tests.unit.services.app_url.fetching import drip, fetch, fetcher
from utils import HOMEPAGE, VERSION
from utils.errors import (
    Busy,
    ImageTooLarge,
    NotAnImage,
    TooManyRequests,
    UrlRefused,
    UrlTooSlow,
    UrlUnreachable,
)


def test_a_picture_is_fetched():
    assert fetch(says(http(JPEG, "Content-Type: image/jpeg"))) == JPEG


def test_chunks_are_put_together():
    body = b"4\r\nabcd\r\n3\r\nefg\r\n0\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    assert fetch(says(answer)) == b"abcdefg"


def test_an_old_server_may_end_the_body_by_hanging_up():
    assert fetch(says(b"HTTP/1.0 200 OK\r\n\r\n" + JPEG)) == JPEG


def test_the_request_is_honest_and_carries_nothing_of_ours(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    seen = []

    def script(line):
        seen.append(header_of(line).decode())
        line.sendall(http(JPEG, "Set-Cookie: a=b"))

    fetch(script, path="/p%20q?x=1#frag")
    first, *headers = seen[0].strip().split("\r\n")
    assert first == "GET /p%20q?x=1 HTTP/1.1"
    names = {line.split(":")[0].lower() for line in headers}
    assert names == {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert f"User-Agent: Semblance/{VERSION} (+{HOMEPAGE})\r\n" in seen[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(status):
    moved = http(b"", "Location: /b.jpg", status=f"{status} Moved")
    assert fetch(says(moved), says(http(JPEG))) == JPEG


def test_a_cookie_of_one_hop_is_not_sent_to_the_next():
    seen = []

    def last(line):
        seen.append(header_of(line))
        line.sendall(http(JPEG))

    fetch(says(http(b"", "Location: /b", "Set-Cookie: a=b", status="302 Found")), last)
    assert b"ookie" not in seen[0]


def test_redirects_without_end_are_refused():
    again = says(http(b"", "Location: /again", status="302 Found"))
    with pytest.raises(UrlRefused, match="redirects"):
        fetch(again, repeat=True)


def test_as_many_redirects_as_the_setting_allows_are_followed():
    again = says(http(b"", "Location: /again", status="302 Found"))
    assert fetch(again, again, again, says(http(JPEG))) == JPEG
    with pytest.raises(UrlRefused):
        fetch(again, says(http(JPEG)), SEMBLANCE_URL_REDIRECTS="0")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/",
        "http://localhost:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "http://user:word@127.0.0.1:{port}/",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_to_a_forbidden_place_is_refused(location):
    def script(line):
        header_of(line)
        where = location.format(port=line.getsockname()[1])
        line.sendall(http(b"", f"Location: {where}", status="302 Found"))

    with pytest.raises(UrlRefused):
        fetch(script, says(http(JPEG)))


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 410, 429, 500, 503])
def test_another_status_is_named_and_nothing_else(status):
    with pytest.raises(UrlUnreachable) as failure:
        fetch(says(http(b"secret page", status=f"{status} Secret reason")))
    assert str(status) in failure.value.public_sentence
    assert "ecret" not in failure.value.public_sentence


def test_a_redirect_to_nowhere_is_a_status_like_any_other():
    with pytest.raises(UrlUnreachable, match="302"):
        fetch(says(http(b"", status="302 Found")))


def test_redirects_share_one_deadline():
    def slow(line):
        header_of(line)
        time.sleep(0.2)
        line.sendall(http(b"", "Location: /", status="302 Found"))

    with pytest.raises(UrlTooSlow):
        fetch(slow, repeat=True, SEMBLANCE_URL_TIMEOUT_S="0.3", SEMBLANCE_URL_REDIRECTS="10")


def test_too_many_fetches_at_once_are_told_to_come_again():
    busy = fetcher()
    with ExitStack() as held:
        for _ in range(32):
            held.enter_context(busy._gate.place())
        with pytest.raises(Busy):
            busy.fetch("http://example.org/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
        "http://[2002:7f00:1::]/",
        "http://100.100.100.200/",
        "http://192.0.0.192/",
        "http://[fd00:ec2::254]/",
        "http://10.0.0.1:80/",
        "https://192.168.1.1/",
        "http://example.org:22/",
    ],
)
def test_the_whole_way_refuses_what_is_not_public(url):
    with pytest.raises(UrlRefused):
        Fetcher(settings()).fetch(url)


PAGE = b"<!DOCTYPE html><head><meta property='og:image' content='/b.jpg'></head>"


def test_the_picture_that_a_page_names_is_fetched():
    assert fetch(says(http(PAGE, "Content-Type: text/html")), says(http(JPEG))) == JPEG


def test_the_picture_of_a_page_may_be_behind_redirects_of_its_own():
    moved = says(http(b"", "Location: /c", status="302 Found"))
    found = fetch(moved, says(http(PAGE)), moved, says(http(JPEG)), SEMBLANCE_URL_REDIRECTS="1")
    assert found == JPEG


def test_a_page_is_followed_once():
    with pytest.raises(NotAnImage, match="names a page"):
        fetch(says(http(PAGE)), repeat=True)


def test_a_page_leads_to_no_place_that_is_forbidden():
    page = PAGE.replace(b"/b.jpg", b"http://169.254.169.254/latest/")
    with pytest.raises(UrlRefused) as refusal:
        fetch(says(http(page)), says(http(JPEG)))
    assert refusal.value.reason == "private_address"


def waiting(release):
    def script(line):
        header_of(line)
        release.wait(10)
        line.sendall(http(JPEG))

    return script


@pytest.mark.parametrize(("users", "reason"), [("aa", "user_at_limit"), ("ab", "host_at_limit")])
def test_one_person_and_one_server_have_so_many_fetches_at_once(users, reason):
    release = threading.Event()
    limit = {"SEMBLANCE_URL_PER_USER": "1"} if users == "aa" else {"SEMBLANCE_URL_PER_HOST": "1"}
    found, got = fetcher(**limit), []
    with stranger(waiting(release)) as port:
        url = f"http://127.0.0.1:{port}/"
        first = threading.Thread(target=lambda: got.append(found.fetch(url, user=users[0])))
        first.start()
        while not (found._users._taken and found._hosts._taken):
            time.sleep(0.01)
        try:
            with pytest.raises(TooManyRequests) as refusal:
                found.fetch(url, user=users[1])
        finally:
            release.set()
            first.join()
    assert refusal.value.reason == reason
    assert got == [JPEG]
    assert not found._users._taken
    assert not found._hosts._taken


class Holder:
    """Whoever works with a picture."""


def test_a_picture_counts_as_held_for_as_long_as_its_holder_lives():
    holder, found = Holder(), fetcher()
    with stranger(says(http(JPEG))) as port:
        found.fetch(f"http://127.0.0.1:{port}/", holder=holder)
    assert found.budget.held_bytes == len(JPEG)
    del holder
    gc.collect()
    assert found.budget.held_bytes == 0


def test_more_than_the_budget_is_turned_away_and_given_back():
    holder, found = Holder(), fetcher(SEMBLANCE_MAX_BYTES="1000")
    with stranger(says(http(b"x" * 1000)), repeat=True) as port:
        url = f"http://127.0.0.1:{port}/"
        for _ in range(5):
            found.fetch(url, holder=holder)
        with pytest.raises(Busy) as refusal:
            found.fetch(url)
    assert refusal.value.reason == "memory"
    assert found.budget.held_bytes == 5000


def test_what_fails_holds_nothing():
    holder, found = Holder(), fetcher(SEMBLANCE_MAX_BYTES="1000")
    answer = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000
    with stranger(says(answer)) as port, pytest.raises(ImageTooLarge):
        found.fetch(f"http://127.0.0.1:{port}/", holder=holder)
    assert found.budget.held_bytes == 0


def test_without_a_holder_nothing_is_held_afterwards():
    found = fetcher()
    with stranger(says(http(JPEG))) as port:
        assert found.fetch(f"http://127.0.0.1:{port}/") == JPEG
    assert found.budget.held_bytes == 0


def test_a_server_below_the_floor_is_given_up_before_the_deadline():
    slow = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", [b"x"] * 200)
    with stranger(slow) as port, pytest.raises(UrlTooSlow) as refusal:
        fetcher(floor=Floor(1000, 0.2)).fetch(f"http://127.0.0.1:{port}/")
    assert refusal.value.reason == "too_little_a_second"


def test_a_server_that_falls_silent_is_given_up_before_the_deadline():
    def script(line):
        header_of(line)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nx")
        time.sleep(1)

    with stranger(script) as port, pytest.raises(UrlTooSlow) as refusal:
        fetcher(floor=Floor(1000, 0.2)).fetch(f"http://127.0.0.1:{port}/")
    assert refusal.value.reason == "too_little_a_second"


def test_a_server_may_think_before_it_answers_and_before_it_sends():
    def script(line):
        header_of(line)
        time.sleep(0.2)
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        time.sleep(0.2)
        line.sendall(JPEG)

    with stranger(script) as port:
        assert fetcher(floor=Floor(10**6, 0.1)).fetch(f"http://127.0.0.1:{port}/") == JPEG
