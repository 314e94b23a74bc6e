import contextlib

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.app_url.urls import parse
from utils.errors import UrlRefused


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/a.jpg",
        "//example.org/a.jpg",
        "ftp://example.org/a.jpg",
        "file:///etc/passwd",
        "gopher://example.org:70/1",
        "data:image/png;base64,AAAA",
        "dict://example.org:11211/",
        "javascript:alert(1)",
        "jar:http://example.org!/",
        "http:///a.jpg",
        "http://",
        "https:example.org",
        "http:\\\\example.org\\a.jpg",
        "http://example.org\\@127.0.0.1/",
        "http://user@example.org/",
        "http://user:word@example.org/",
        "http://:word@example.org/",
        "http://@example.org/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:8o/",
        "http://example.org:-80/",
        "http://exa mple.org/",
        " http://example.org/",
        "http://example.org/a b.jpg",
        "http://example.org/\r\nX-Evil: 1",
        "http://example.org/\x00",
        "http://example.org/\t",
        "http://exa\u200bmple.org/",
        "http://example.org/\u202egpj.exe",
        "http://[localhost]/",
        "http://[127.0.0.1]/",
        "http://[::1",
        "http://::1/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1%eth0]/",
        "http://[::1]x/",
        "http://[]/",
        "http://[v1.x]/",
        "http://.example.org/",
        "http://example..org/",
        "http://example.org../",
        "http://./",
        "http://-a.org/",
        "http://a-.org/",
        "http://exa%6dple.org/",
        "http://127.0.0.1%2f@example.org/",
        "http://example.org,127.0.0.1/",
        "http://a|b/",
        "http://" + "a" * 64 + ".org/",
        "http://" + "a." * 127 + "aaa/",
        "http://\u2488.example.org/",
        "http://\ud800.org/",
        "http://example.org/\ud800",
        "http://example.org/?\udfff",
        "http://xn--a\u00e4.org/",
        "http://example.org/" + "a" * 4096,
    ],
)
def test_what_is_not_a_plain_web_address_is_refused(url):
    with pytest.raises(UrlRefused) as refusal:
        parse(url)
    assert "example" not in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("http://example.org", "example.org", 80, "/"),
        ("https://example.org", "example.org", 443, "/"),
        ("HTTPS://EXAMPLE.org/A.jpg?b=C#frag", "example.org", 443, "/A.jpg?b=C"),
        ("http://example.org:8080/", "example.org", 8080, "/"),
        ("http://example.org:/", "example.org", 80, "/"),
        ("http://example.org./a", "example.org", 80, "/a"),
        ("http://a_b.example.org/", "a_b.example.org", 80, "/"),
        ("http://bücher.example/ü.jpg?q=ü", "xn--bcher-kva.example", 80, "/%C3%BC.jpg?q=%C3%BC"),
        ("http://example.org/a%20b+c", "example.org", 80, "/a%20b+c"),
        ("http://example.org?x=/a", "example.org", 80, "/?x=/a"),
        ("http://[2606:4700:4700::1111]/", "2606:4700:4700::1111", 80, "/"),
        ("http://[0:0:0:0:0:0:0:1]/", "::1", 80, "/"),
        ("http://127.0.0.1/", "127.0.0.1", 80, "/"),
        ("http://1.example/", "1.example", 80, "/"),
        ("http://0xa.example/", "0xa.example", 80, "/"),
        ("http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "127.0.0.1", 80, "/"),
        ("http://example\u3002org/", "example.org", 80, "/"),
        ('http://example.org/<">', "example.org", 80, "/%3C%22%3E"),
    ],
)
def test_a_web_address_has_one_reading(url, host, port, path):
    target = parse(url)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "2130706433",
        "134744072",
        "0x7f000001",
        "0x08.0x08.0x08.0x08",
        "8.8.2056",
        "010.8.8.8",
        "0177.0.0.1",
        "127.0.0.0x1",
        "127.0.0.1.1",
        "127.0.0.256",
        "0",
        "0x",
        "example.0x7f",
        "\uff11\uff12\uff17.\uff11",
        "\u2460\u2461\u2466.\u2460",
    ],
)
def test_an_address_is_written_in_the_usual_way_or_not_at_all(host):
    with pytest.raises(UrlRefused) as refusal:
        parse(f"http://{host}/")
    assert refusal.value.reason == "odd_address"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.org/", "scheme"),
        ("http://u@example.org/", "userinfo"),
        ("http://example.org:0/", "port"),
        ("http://example.org:99999/", "not_a_url"),
        ("http://a..b/", "host"),
        ("http://[fe80::1%25eth0]/", "zone"),
        ("http://example.org/\t", "characters"),
        ("http://example.org/" + "a" * 5000, "too_long"),
    ],
)
def test_the_operator_reads_why(url, reason):
    with pytest.raises(UrlRefused) as refusal:
        parse(url)
    assert refusal.value.reason == reason


@pytest.mark.parametrize(
    ("url", "header"),
    [
        ("http://example.org:80/", "example.org"),
        ("https://example.org:443/", "example.org"),
        ("https://example.org:80/", "example.org:80"),
        ("http://[2606::1]:443/", "[2606::1]:443"),
        ("http://[2606::1]/", "[2606::1]"),
    ],
)
def test_the_host_header_leaves_the_usual_port_out(url, header):
    assert parse(url).host_header == header


@pytest.mark.parametrize(
    ("allow", "url", "allowed"),
    [
        ("pictures.lan:8000", "http://pictures.lan:8000/a", True),
        ("pictures.lan:8000", "http://PICTURES.lan:8000/a", True),
        ("pictures.lan:8000", "http://pictures.lan:8001/a", False),
        ("pictures.lan:8000", "http://other.lan:8000/a", False),
        ("pictures.lan:8000", "http://sub.pictures.lan:8000/a", False),
        ("pictures.lan:80", "http://pictures.lan/a", True),
        ("pictures.lan:443", "https://pictures.lan/a", True),
        ("pictures.lan:443", "http://pictures.lan/a", False),
        ("pictures.lan:*", "http://pictures.lan:1234/a", True),
        ("pictures.lan:*", "http://evil-pictures.lan:1234/a", False),
        ("127.0.0.1:8000", "http://localhost:8000/a", False),
        ("[::1]:8000", "http://[::1]:8000/a", True),
        ("*:*", "http://pictures.lan/a", False),
        ("", "http://pictures.lan/a", False),
    ],
)
def test_the_operators_exemption_is_for_the_host_as_written(allow, url, allowed):
    assert parse(url).is_allowed_by(frozenset(allow.split(","))) is allowed


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/b.jpg", "http://example.org/b.jpg"),
        ("b.jpg", "http://example.org/a/b.jpg"),
        ("?x", "http://example.org/a/?x"),
        ("//other.org/b", "http://other.org/b"),
        ("https://other.org/b", "https://other.org/b"),
        ("/b c.jpg", "http://example.org/b%20c.jpg"),
        ("/\xfc", "http://example.org/%C3%BC"),
    ],
)
def test_a_redirect_is_read_like_a_browser_would(location, url):
    assert parse("http://example.org/a/").to(location).url == url


@pytest.mark.parametrize(
    "location",
    [
        "ftp://other.org/",
        "file:///etc/passwd",
        "http://u:p@other.org/",
        "http://[x]/",
        "http://\t/",
        "http://exam\nple.org/",
        "\\\\other.org\\b",
    ],
)
def test_a_redirect_is_refused_like_any_other_url(location):
    with pytest.raises(UrlRefused):
        parse("http://example.org/").to(location)


@given(st.text(max_size=60), st.text(max_size=60))
@hypothesis.settings(deadline=None)
def test_whatever_is_sent_is_either_read_or_refused(host, rest):
    for url in (host, f"http://{host}", f"https://{host}:443/{rest}", f"http://a.org/{rest}"):
        try:
            target = parse(url)
        except UrlRefused:
            continue
        assert f"{target.host}{target.path}".isascii()
        assert not set(target.host + target.path) & set(
            " \t\r\n\\@" if "@" in target.host else " \\"
        )
        # Read again, the URL that was put together means the same.
        assert parse(target.url) == target


@given(st.binary(max_size=80))
@hypothesis.settings(deadline=None)
def test_whatever_a_server_redirects_to_is_either_read_or_refused(location):
    with contextlib.suppress(UrlRefused):
        parse("http://example.org/a/").to(location.decode("utf-8", "replace"))
