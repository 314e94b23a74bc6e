"""A stranger's URL, taken apart and put together again so that only one reading of it is left."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import idna

from utils.errors import UrlRefused

_MAX_CHARACTERS = 4096
_PORTS = {"http": 80, "https": 443}
_CONTROL_OR_SPACE = re.compile(
    r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff\\]"
)
_BRACKETED = re.compile(r"\[[^\[\]]*\](:\d*)?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# A last label that the system's resolver would take for (part of) an IPv4 address.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_KEPT_IN_PATH = "/%:@!$&'()*+,;=~-._"

_CHARACTERS, _HOST, _NO_URL = "characters", "host", "not_a_url"


@dataclass(frozen=True)
class Target:
    """Where a request goes: `host` as looked up and shown to the server, never an address of ours.

    `as_written` is host:port in the form that the setting SEMBLANCE_URL_ALLOW compares.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"

    @property
    def host_header(self) -> str:
        """The Host header; the default port of a scheme is left out."""
        return self._shown_host + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")

    @property
    def as_written(self) -> str:
        """host:port."""
        return f"{self._shown_host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL again, to resolve a redirect against."""
        return f"{self.scheme}://{self.host_header}{self.path}"

    @property
    def _shown_host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def is_allowed_by(self, allow: frozenset[str]) -> bool:
        """Whether the operator exempts this host and port from the rules for strangers."""
        return self.as_written in allow or f"{self._shown_host}:*" in allow

    def to(self, link: str) -> Target:
        """The target of a link or redirect that was found here. Raises `UrlRefused`."""
        spelled = link.strip().replace(" ", "%20")
        # urljoin drops tabs and line ends without a word, and would see another host than we do.
        if _CONTROL_OR_SPACE.search(spelled):
            raise UrlRefused(
                "a redirect with control characters or backslashes", reason=_CHARACTERS
            )
        try:
            return parse(urljoin(self.url, spelled))
        except ValueError:
            raise UrlRefused("a redirect to what is not a URL", reason=_NO_URL) from None


def parse(url: str) -> Target:
    """The one reading of a URL. Raises `UrlRefused`; ports are judged with the addresses."""
    if len(url) > _MAX_CHARACTERS:
        raise UrlRefused(f"a URL of {len(url)} characters", reason="too_long")
    if _CONTROL_OR_SPACE.search(url):
        raise UrlRefused("a URL with spaces, control characters or backslashes", reason=_CHARACTERS)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlRefused("a URL that cannot be taken apart", reason=_NO_URL) from None
    if parts.scheme not in _PORTS:
        raise UrlRefused("a URL that is not http or https", reason="scheme")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused(
            "a URL with credentials",
            reason="userinfo",
            sentence="I do not use addresses with a user name or password in them.",
        )
    if port == 0:
        raise UrlRefused("a URL with port 0", reason="port")
    host = _host(parts)
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], _path(parts))


def is_usual_port(target: Target) -> bool:
    """Whether the port is one where web servers live."""
    return target.port in _PORTS.values()


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if "[" in parts.netloc or ":" in host:
        return _in_brackets(parts.netloc, host)
    host = host.removesuffix(".")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").removesuffix(".")
        except (idna.IDNAError, UnicodeError):
            raise UrlRefused("a host name that is no international one", reason=_HOST) from None
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise UrlRefused("a host name with characters that no host name has", reason=_HOST)
    if _NUMBER.fullmatch(host.rpartition(".")[2]) and not _is_dotted_quad(host):
        raise UrlRefused("a number that only some would read as an address", reason="odd_address")
    return host


def _is_dotted_quad(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True


def _in_brackets(netloc: str, host: str) -> str:
    if not _BRACKETED.fullmatch(netloc):
        raise UrlRefused("a host with more than brackets and a port", reason=_HOST)
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise UrlRefused("a host in brackets that is no IPv6 address", reason=_HOST) from None
    if address.scope_id is not None:
        raise UrlRefused("an IPv6 address with a zone", reason="zone")
    return str(address)


def _path(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_KEPT_IN_PATH)
    return f"{path}?{quote(parts.query, safe=_KEPT_IN_PATH + '?')}" if parts.query else path
