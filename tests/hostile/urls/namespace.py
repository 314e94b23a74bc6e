"""Hostile URLs in a network of their own, where every address there is answers.

`python -m tests.hostile.urls.namespace`, started in an empty network namespace, is the world: the
machine at the other end of a cable, to which every address belongs. It makes a second namespace,
ours, in which a second process fetches with nothing played: the system's resolver, which asks a
name server out there, its routes, its sockets. Every server answers with a picture, and notes at
which address it was asked.

Needs Linux, root (or namespaces for everybody), `unshare`, `mount` and `ip`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from services.app_url import lookup
from services.app_url.fetch import Fetcher
from tests.fakes_services import JPEG, header_of, http, settings
from tests.hostile.outcome import Outcome
from tests.hostile.urls import name_server
from tests.hostile.urls.case import (
    ANSWERED,
    LIMIT_S,
    PUBLIC,
    REFUSED,
    TIMEOUT_S,
    TOO_SLOW,
    UNREACHABLE,
)
from tests.hostile.urls.networks import RANGES, is_forbidden
from utils.errors import SemblanceError
from utils.settings import ROOT

_GROUP = "real addresses"
# Ours, and that of the world at the other end of the cable.
_OURS, _THEIRS = ("93.184.215.20", "2a00:1::20"), ("93.184.215.1", "2a00:1::1")
# What the name server out there says, first, second and from then on.
_NAMES = {
    "good.example": [[PUBLIC]],
    "six.example": [["2606:4700:4700::1111"]],
    "inside.example": [["10.0.0.1"]],
    "inside-six.example": [["fd00:ec2::254"]],
    "metadata.example": [["169.254.169.254"]],
    "ours.example": [[_OURS[0]]],
    "ours-six.example": [[PUBLIC, _OURS[1]]],
    "mixed.example": [[PUBLIC, "192.168.0.1"]],
    "mixed-six.example": [[PUBLIC, "::1"]],
    "mapped.example": [["::ffff:10.0.0.1"]],
    "many.example": [[*(f"93.184.215.{last}" for last in range(30, 50)), "127.0.0.1"]],
    "rebinding.example": [[PUBLIC], ["10.0.0.1"]],
    "rebinding-six.example": [["2606:4700:4700::1111"], ["fd00:ec2::254"]],
    "rebinding-ours.example": [[PUBLIC], [_OURS[0]]],
    "back.example": [["10.0.0.1"], [PUBLIC]],
    "moves.example": [[PUBLIC], ["127.0.0.1"]],
    "empty.example": [[]],
    "silent.example": [],
}
_RESOLVER = {
    "/etc/resolv.conf": f"nameserver {_THEIRS[0]}\noptions timeout:5 attempts:1\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
}
_ME = "tests.hostile.urls.namespace"


def missing() -> str:
    """What this machine lacks for it, in words; empty where nothing is."""
    for command in ("unshare", "ip", "nsenter", "mount"):
        if shutil.which(command) is None:
            return f"needs {command} (apt install util-linux mount iproute2)"
    probe = (
        "ip link set lo up && ip link add end1 type veth peer name end2 && ip link set end1 up"
        " && ip -6 addr add 2a00:1::1/64 dev end1 && ip route add local 0.0.0.0/0 dev lo table main"
        " && mount --bind /etc/hosts /etc/resolv.conf"
    )
    command = [*_unshare(), "--mount", "sh", "-c", probe]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode == 0:
        return ""
    return f"may make no network of its own here, needs root: {tried.stderr.strip()}"


def _unshare() -> list[str]:
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


def outcomes(*, without: str = "") -> Iterator[Outcome]:
    """What became of every case, `without` a wall: a function of `services.app_url.lookup`."""
    ran = subprocess.run(
        [*_unshare(), sys.executable, "-m", _ME, "world", without],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if ran.returncode:
        raise RuntimeError(ran.stderr)
    for row in json.loads(ran.stdout):
        yield Outcome(**row)


def places() -> Iterator[tuple[str, str, str]]:
    """Name, URL and what has to become of it."""
    for name, (first, last) in RANGES.items():
        for which, address in (("first", first), ("last", last)):
            yield f"{name}, {which}", _url(address), REFUSED
    for address in (PUBLIC, "8.8.8.8", "100.63.255.255", "172.32.0.0", "198.20.0.0"):
        yield f"out on the internet, {address}", _url(address), ANSWERED
    for address in ("2606:4700:4700::1111", "2a00:1450:4001::1", "2001:200::1", "2003::1"):
        yield f"out on the internet, {address}", _url(address), ANSWERED
    for address in _OURS:
        yield f"our own public address, {address}", _url(address), REFUSED
    for address in _THEIRS:
        yield f"our router's public address, {address}", _url(address), ANSWERED
    for written in ("localhost", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "127.1", "0"):
        yield f"written {written}", f"http://{written}/a.jpg", REFUSED
    for address in (*_OURS, "127.0.0.1", "10.0.0.1", "169.254.169.254", "fd00:ec2::254", "::1"):
        inner = _url(address)
        yield f"a redirect to {address}", f"http://{PUBLIC}/redirect?{inner}", REFUSED
        yield f"a page that names {address}", f"http://{PUBLIC}/page?{inner}", REFUSED
    for host, expected in {
        "good": ANSWERED,
        "six": ANSWERED,
        "rebinding": ANSWERED,
        "rebinding-six": ANSWERED,
        "rebinding-ours": ANSWERED,
        "empty": UNREACHABLE,
        "nowhere": UNREACHABLE,
        "silent": TOO_SLOW,
        **dict.fromkeys(("inside", "inside-six", "metadata", "ours", "ours-six"), REFUSED),
        **dict.fromkeys(("mixed", "mixed-six", "mapped", "many", "back"), REFUSED),
    }.items():
        yield f"the name {host}", f"http://{host}.example/a.jpg", expected
    again = "http://moves.example/redirect?http://moves.example/a.jpg"
    yield "a redirect to its own name, which has moved", again, REFUSED
    yield "a redirect outside", f"http://{PUBLIC}/redirect?http://8.8.4.4/a.jpg", ANSWERED


def _url(address: str) -> str:
    return f"http://[{address}]/a.jpg" if ":" in address else f"http://{address}/a.jpg"


def _world() -> None:
    """The other end of the cable; prints the outcomes."""
    ours = subprocess.Popen(
        ["unshare", "--net", "--mount", sys.executable, "-m", _ME, "ours", *sys.argv[2:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with ours:
        assert ours.stdout
        # Its first line is its id: it is in its namespace by then.
        _lay_cable(int(ours.stdout.readline()))
        asked = _serve()
        name_server.serve(_THEIRS[0], _NAMES)
        out, _ = ours.communicate("go\n", timeout=100)
    inside = sorted({address for address in asked if is_forbidden(address)})
    rows = json.loads(out)
    rows.append(_row("nobody inside was asked", ANSWERED, "reached" if inside else ANSWERED, 0.0))
    json.dump(rows, sys.stdout)


def _lay_cable(pid: int) -> None:
    four, six = _THEIRS
    own_four, own_six = _OURS
    there = f"nsenter -t {pid} -n"
    for command in (
        "ip link set lo up",
        f"ip link add cable type veth peer name cable netns {pid}",
        "ip link set cable up",
        f"ip addr add {four}/32 dev cable",
        f"ip -6 addr add {six}/64 dev cable nodad",
        f"ip route add {own_four}/32 dev cable",
        # Whatever else anybody asks for is here.
        "ip route add local 0.0.0.0/0 dev lo table main",
        "ip -6 route add local ::/0 dev lo table main",
        f"{there} ip link set lo up",
        f"{there} ip link set cable up",
        f"{there} ip addr add {own_four}/32 dev cable",
        f"{there} ip -6 addr add {own_six}/64 dev cable nodad",
        f"{there} ip route add {four}/32 dev cable",
        f"{there} ip route add default via {four}",
        f"{there} ip -6 route add default via {six}",
    ):
        subprocess.run(command.split(), check=True)


def _serve() -> list[str]:
    """Servers at every address; where they were asked."""
    asked: list[str] = []

    def serve(listener: socket.socket) -> None:
        while True:
            line, _ = listener.accept()
            with line, suppress(OSError):
                asked.append(line.getsockname()[0])
                line.settimeout(5)
                line.sendall(_reply(header_of(line).decode()))

    for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        listener = socket.create_server((everywhere, 80), family=family, backlog=64)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    return asked


def _reply(head: str) -> bytes:
    path = head.split(" ")[1]
    what, _, place = path.partition("?")
    if what == "/redirect":
        return http(b"", f"Location: {place}", status="302 Found")
    if what == "/page":
        page = f'<!doctype html><meta property="og:image" content="{place}">'
        return http(page.encode(), "Content-Type: text/html")
    return http(JPEG, "Content-Type: image/jpeg")


def _fetching() -> None:
    """Ours: fetches every place and prints what became of it."""
    print(os.getpid(), flush=True)
    sys.stdin.readline()
    asked = _serve()
    _ask_out_there()
    if wall := sys.argv[2]:
        setattr(lookup, wall, lambda _: wall == "is_public")
    fetcher = Fetcher(settings(SEMBLANCE_URL_TIMEOUT_S=str(TIMEOUT_S)))
    rows = []
    for name, url, expected in places():
        begun = time.monotonic()
        found = ANSWERED
        try:
            fetcher.fetch(url)
        except SemblanceError as error:
            found = error.code
        rows.append(_row(name, expected, found, time.monotonic() - begun))
    # Everything that listens here is inside.
    rows.append(_row("nobody here was asked", ANSWERED, "reached" if asked else ANSWERED, 0.0))
    json.dump(rows, sys.stdout)


def _ask_out_there() -> None:
    """Let the resolver of this process alone ask the name server of the world."""
    with tempfile.TemporaryDirectory() as folder:
        for place, text in _RESOLVER.items():
            file = Path(folder) / Path(place).name
            file.write_text(text)
            subprocess.run(["mount", "--bind", file, place], check=True)


def _row(name: str, expected: str, found: str, took_s: float) -> dict[str, object]:
    return {
        "family": "urls",
        "group": _GROUP,
        "name": name,
        "expected": expected,
        "found": found,
        "took_s": took_s,
        "limit_s": LIMIT_S,
    }


if __name__ == "__main__":
    _world() if sys.argv[1] == "world" else _fetching()
