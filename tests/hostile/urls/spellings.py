"""URLs that are odd as they are written."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.urls.case import ANSWERED, PUBLIC, Case

# Loopback, the metadata of clouds and private addresses, as some programs would read them.
_ODD = {
    "decimal": "2130706433",
    "decimal, of a cloud's metadata": "2852039166",
    "decimal, beyond 32 bits": "6425673729",
    "octal": "0177.0.0.1",
    "octal with many zeros": "00000000177.0.0.1",
    "octal in one number": "017700000001",
    "hexadecimal": "0x7f000001",
    "hexadecimal, dotted": "0x7f.0x0.0x0.0x1",
    "hexadecimal, in capitals": "0X7F.0.0.1",
    "hexadecimal, too long": "0x1a9fea9fe",
    "hexadecimal, the last part alone": "127.0.0.0x1",
    "one part": "0",
    "two parts": "127.1",
    "three parts": "127.0.1",
    "three parts, private": "10.0.1",
    "five parts": "127.0.0.1.1",
    "mixed bases": "0xa9.254.0251.254",
    "a part above 255": "127.0.0.256",
    "a part with a leading zero": "127.0.0.01",
    "0x without digits": "0x",
    "a number after a name": "localhost.0x7f000001",
    "full-width digits, short": "\uff11\uff12\uff17.\uff11",
    "full-width hexadecimal": "\uff10\uff58\uff17\uff46.0.0.1",
    "circled digits, decimal": "\u2461\u2460\u2462\u24ea\u2466\u24ea\u2465\u2463\u2462\u2462",
}
# Those that have one reading, and a forbidden one.
_PLAIN = {
    "loopback": "127.0.0.1",
    "loopback with a dot": "127.0.0.1.",
    "loopback in full-width digits": "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "loopback in circled digits": "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "loopback with full-width dots": "127\uff0e0\uff0e0\uff0e1",
    "loopback with ideographic dots": "127\u30020\u30020\u30021",
    "another loopback": "127.127.127.127",
    "all interfaces": "0.0.0.0",
    "a cloud's metadata": "169.254.169.254",
    "broadcast": "255.255.255.255",
    "IPv6 loopback": "[::1]",
    "IPv6 loopback, written out": "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "IPv6 unspecified": "[::]",
    "IPv4-mapped": "[::ffff:127.0.0.1]",
    "IPv4-mapped in hexadecimal": "[::ffff:7f00:1]",
    "IPv4-mapped, written out": "[0:0:0:0:0:ffff:127.0.0.1]",
    "IPv4-mapped, of a cloud's metadata": "[::FFFF:a9fe:a9fe]",
    "IPv4-mapped, of a public address": f"[::ffff:{PUBLIC}]",
    "IPv4-compatible": "[::127.0.0.1]",
    "IPv4-translated": "[::ffff:0:127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "NAT64, of a private address": "[64:ff9b::10.0.0.1]",
    "NAT64 for local use": "[64:ff9b:1::a9fe:a9fe]",
    "6to4": "[2002:7f00:1::]",
    "6to4, of a cloud's metadata": "[2002:a9fe:a9fe::1]",
    "Teredo": "[2001:0:5ef5:79fd:0:59e:80ff:fffe]",
    "unique local": "[fd00:ec2::254]",
    "link-local": "[fe80::1]",
    "localhost": "localhost",
    "localhost in capitals with a dot": "LOCALHOST.",
    "localhost in letters of mathematics": "\U0001d4c1\u2134\U0001d4b8\U0001d4b6\U0001d4c1host",
}
_HOSTS = {
    "a zone": ("[fe80::1%25eth0]", "zone"),
    "a zone without its escape": ("[fe80::1%eth0]", "zone"),
    "a zone after loopback": ("[::1%25lo]", "zone"),
    "a name in brackets": ("[localhost]", ""),
    "an IPv4 address in brackets": ("[127.0.0.1]", ""),
    "a future address in brackets": ("[v1.x]", ""),
    "brackets with nothing in them": ("[]", ""),
    "a bracket that is not closed": ("[::1", ""),
    "words after the bracket": ("[::1].example.org", ""),
    "IPv6 without brackets": ("::1", ""),
    "no host": ("", "host"),
    "a dot": (".", "host"),
    "two dots in a row": ("localhost..", "host"),
    "an escaped host": ("%6cocalhost", "host"),
    "an escaped address": ("127%2e0%2e0%2e1", "host"),
    "an escaped slash": ("example.org%2f@127.0.0.1", ""),
    "two hosts": ("example.org,127.0.0.1", "host"),
    "a pipe": ("a|b", "host"),
    "a label of 64": ("a" * 64 + ".example", "host"),
    "a name of 260": ("abc." * 65 + "example", "host"),
    "broken punycode": ("xn--a\u00e4.example", "host"),
    "half a character": ("\ud800.example", "characters"),
}
_SCHEMES = (
    ("data", "data:image/png;base64,iVBORw0KGgo="),
    ("file", "file:///etc/passwd"),
    ("file with a host", "file://localhost/etc/passwd"),
    ("file without slashes", "file:/etc/passwd"),
    ("ftp", "ftp://127.0.0.1/a.jpg"),
    ("gopher", "gopher://127.0.0.1:6379/_FLUSHALL"),
    ("dict", "dict://127.0.0.1:11211/stats"),
    ("jar", "jar:http://127.0.0.1!/a.jpg"),
    ("ldap", "ldap://127.0.0.1/"),
    ("sftp", "sftp://127.0.0.1/a"),
    ("tftp", "tftp://127.0.0.1/a"),
    ("smb", "smb://127.0.0.1/c$"),
    ("netdoc", "netdoc:///etc/passwd"),
    ("php", "php://filter/resource=/etc/passwd"),
    ("unix", "unix:///var/run/docker.sock"),
    ("http over a unix socket", "http+unix://%2Fvar%2Frun%2Fdocker.sock/info"),
    ("ws", "ws://127.0.0.1/"),
    ("javascript", "javascript:alert(1)"),
    ("view-source", "view-source:http://127.0.0.1/"),
    ("blob", "blob:http://127.0.0.1/1"),
    ("url:", "url:http://127.0.0.1/"),
    ("none", "127.0.0.1/a.jpg"),
    ("none, two slashes", "//127.0.0.1/a.jpg"),
    ("no slashes", "http:127.0.0.1"),
    ("one slash", "http:/127.0.0.1/"),
    ("three slashes", "http:///127.0.0.1/"),
)
_PEOPLE = (
    ("a name", "http://a@127.0.0.1/"),
    ("a name and a word", f"http://a:b@{PUBLIC}/"),
    ("a word alone", f"http://:b@{PUBLIC}/"),
    ("neither", f"http://@{PUBLIC}/"),
    ("a host that is a name", f"http://{PUBLIC}@127.0.0.1/"),
    ("a host and a port that are a name and a word", f"http://{PUBLIC}:80@127.0.0.1/"),
    ("two of them", f"http://a@{PUBLIC}@127.0.0.1/"),
    ("a fragment in it", f"http://{PUBLIC}#@127.0.0.1/"),
    ("a question in it", f"http://{PUBLIC}?@127.0.0.1/"),
    ("escaped", "http://a%40b@127.0.0.1/"),
)
_PORTS = (
    *("0", "1", "22", "25", "79", "81", "110", "442", "444", "2375", "3306", "5432", "6379"),
    *("8080", "9200", "10250", "11211", "27017", "65535"),
)
_CHARACTERS = {
    "a line end": "\n",
    "a header behind a line end": "\r\nX-Evil: 1",
    "a tab": "\t",
    "a NUL": "\x00",
    "an escape": "\x1b[2J",
    "DEL": "\x7f",
    "a C1 control": "\x85",
    "a space": " ",
    "a hard space": "\xa0",
    "a space of no width": "\u200b",
    "a line separator": "\u2028",
    "right to left": "\u202egpj.exe",
    "a byte order mark": "\ufeff",
    "a backslash": "\\",
    "half a character": "\udfff",
}


def cases() -> Iterator[Case]:
    """All of them."""
    for name, host in _ODD.items():
        yield Case("odd spellings", name, f"http://{host}/", reason="odd_address")
    for name, host in _PLAIN.items():
        yield Case(
            "forbidden addresses, written", name, f"http://{host}/", reason="private_address"
        )
        if name in ("loopback", "IPv4-mapped", "NAT64"):
            yield Case(
                "forbidden addresses, written",
                f"{name}, https",
                f"https://{host}/",
                reason="private_address",
            )
    for name, (host, reason) in _HOSTS.items():
        yield Case("hosts that are none", name, f"http://{host}/", reason=reason)
    yield Case("hosts that are none", "nothing", "http://")
    yield from _schemes_and_people()
    yield from _ports()
    for name, text in _CHARACTERS.items():
        yield Case(
            "characters", f"{name} in the path", f"http://{PUBLIC}/a{text}", reason="characters"
        )
        yield Case(
            "characters", f"{name} in the host", f"http://a{text}.example/", reason="characters"
        )
    yield Case("characters", "too many", f"http://{PUBLIC}/" + "a" * 5000, reason="too_long")
    yield Case("characters", "a letter that is no host's", f"http://{PUBLIC}/ü?ü#ü", ANSWERED)


def _schemes_and_people() -> Iterator[Case]:
    for name, url in _SCHEMES:
        yield Case("schemes", name, url, reason="host" if url.startswith("http:") else "scheme")
    for name, url in _PEOPLE:
        # What follows a fragment or a question is none of the host's.
        cut = "#" in url or "?" in url
        yield Case(
            *("user names", name, url),
            ANSWERED if cut else "url_refused",
            "" if cut else "userinfo",
        )


def _ports() -> Iterator[Case]:
    for port in _PORTS:
        yield Case("ports", port, f"http://{PUBLIC}:{port}/", reason="port")
    for port in ("99999", "8o", "-80", "80:80", "\u0668\u0660"):
        yield Case("ports", port, f"http://{PUBLIC}:{port}/")
    yield Case("ports", "none after its colon", f"http://{PUBLIC}:/", ANSWERED)
    yield Case("ports", "80", f"http://{PUBLIC}:80/", ANSWERED)
    yield Case("ports", "443 without TLS", f"http://{PUBLIC}:443/", ANSWERED)
