"""What hostile requests cost those who mean well: answers and p99 of good ones, quiet and mixed.

Sixteen clients with good photos and URLs ask nginx and both services of a local run: alone first,
then beside sixteen who send broken pictures, bombs, refused URLs and malformed HTTP, one hostile
request for each good one, until 24,000 were made together. Each client has an address of its own in
127.0.0.0/8, as strangers have, so that the limit of nginx is one for each of them. A good client
that is told to come back (429, 503) does so after the time it was told; what counts is the last
answer, and how long it took in all. `good_share` is the share of good requests of the mixed part
that were answered with faces, `ratio` its p99 divided by that of the quiet part; the goals are
0.999 and at most 3. With --json the last line is one object.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.hostile_requests import Hostile, hostile, url_body
from benchmarks.load import percentile
from benchmarks.photos import photo
from benchmarks.picture_server import picture_server
from benchmarks.processes import TOKEN, free_port, local_run, run_folder, running
from benchmarks.results import rounded

REQUESTS, AT_ONCE = 24_000, 32
_QUIET_SHARE = 0.15
# Of photos and of URLs.
_WEIGHTS = (4, 1)
_COMES_BACK = 20
_TIMEOUT_S = 60.0
_PHOTO_PX = 640


@dataclass
class Good:
    """What good clients saw: how long answers took, and what came instead of some."""

    answers_ms: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    came_back: int = 0

    @property
    def asked(self) -> int:
        """All requests."""
        return len(self.answers_ms) + self.failures.total()

    def figures(self) -> dict[str, float | int | None]:
        """Its share and its percentiles."""
        answered = bool(self.answers_ms)
        return {
            "good": self.asked,
            "answered": len(self.answers_ms),
            "came_back": self.came_back,
            "p50_ms": rounded(percentile(self.answers_ms, 50)) if answered else None,
            "p99_ms": rounded(percentile(self.answers_ms, 99)) if answered else None,
        }


class Mix:
    """How many requests of both kinds are still to be made; for many threads."""

    def __init__(self, *, good: int, bad: int) -> None:
        self._good, self._bad = good, bad
        self._changed = threading.Condition()

    def take_good(self) -> bool:
        """Whether there is one more."""
        with self._changed:
            self._good -= 1
            self._changed.notify_all()
            return self._good >= 0

    def take_bad(self) -> bool:
        """Whether there is one more; waits until as many good ones were begun."""
        with self._changed:
            self._changed.wait_for(lambda: self._bad <= 0 or self._bad >= self._good)
            self._bad -= 1
            return self._bad >= 0


@dataclass(frozen=True)
class Request:
    """A good one."""

    path: str
    kind: str
    body: bytes


def ask_well(where: str, source: str, mix: Mix, requests: Sequence[Request]) -> Good:
    """Ask with photos and URLs, one after the other, as long as there are some to make."""
    rng, seen = random.Random(source), Good()  # noqa: S311 - a mix, no secret
    while mix.take_good():
        (request,) = rng.choices(requests, _WEIGHTS)
        began = time.perf_counter()
        word = "never let in"
        for _ in range(_COMES_BACK):
            word, after_s = _once(where, source, request)
            if not after_s:
                break
            seen.came_back += 1
            time.sleep(after_s)
        if word == "200":
            seen.answers_ms.append(1000 * (time.perf_counter() - began))
        else:
            seen.failures[word] += 1
    return seen


def _once(where: str, source: str, request: Request) -> tuple[str, float]:
    """The status, or what went wrong, and after how many seconds to come back (0: not at all)."""
    host, _, port = where.rpartition(":")
    connection = http.client.HTTPConnection(
        host, int(port), timeout=_TIMEOUT_S, source_address=(source, 0)
    )
    try:
        connection.request("POST", request.path, request.body, {"Content-Type": request.kind})
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, 0.0
    finally:
        connection.close()
    if answer.status in (429, 503):
        return str(answer.status), float(answer.headers.get("Retry-After") or 1)
    if answer.status == 200 and not json.loads(data).get("faces"):
        return "200 without a face", 0.0
    return str(answer.status), 0.0


def ask_badly(where: str, source: str, cases: list[Hostile], mix: Mix) -> Counter[str]:
    """Send hostile requests, each on a connection of its own; what came of them, by class."""
    rng, seen = random.Random(source), Counter[str]()  # noqa: S311 - a mix, no secret
    while mix.take_bad():
        case = rng.choice(cases)
        seen[f"{case.name} {_status(where, source, case)}"] += 1
    return seen


def _status(where: str, source: str, case: Hostile) -> str:
    host, _, port = where.rpartition(":")
    try:
        with socket.create_connection(
            (host, int(port)), _TIMEOUT_S, source_address=(source, 0)
        ) as line:
            with suppress(ConnectionError):
                line.sendall(case.data)
                if case.ends:
                    line.shutdown(socket.SHUT_WR)
            head = line.recv(64)
    except OSError as error:
        return type(error).__name__
    words = head.split(b" ", 2)
    return words[1].decode() if len(words) > 1 else "closed"


def _jpeg(data: bytes) -> bytes:
    """The photo, small enough for a chat."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    image = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    image.thumbnail((_PHOTO_PX, _PHOTO_PX))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def part(where: str, url: str, mix: Mix, *, good: int, bad: int) -> tuple[Good, Counter[str]]:
    """A mix, by so many good and hostile clients at once; what they saw together."""
    seen, ills, lock = Good(), Counter[str](), threading.Lock()
    picture = _jpeg(photo())
    cases, photos = hostile(picture), Request("/v1/faces", "image/jpeg", picture)
    urls = Request("/v1/faces/url", "application/json", url_body(f"{url}/photo.jpg"))

    def well(place: int) -> None:
        found = ask_well(where, f"127.0.1.{place + 1}", mix, (photos, urls))
        with lock:
            seen.answers_ms += found.answers_ms
            seen.failures += found.failures
            seen.came_back += found.came_back

    def badly(place: int) -> None:
        found = ask_badly(where, f"127.0.2.{place + 1}", cases, mix)
        with lock:
            ills.update(found)

    threads = [threading.Thread(target=well, args=(i,)) for i in range(good)]
    threads += [threading.Thread(target=badly, args=(i,)) for i in range(bad)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen, ills


@contextmanager
def site(address: str, replicas: int) -> Iterator[str]:
    """Nginx before both services, which may fetch from `address`; host and port."""
    with run_folder() as run, ExitStack() as stack:
        programs = local_run(run, replicas=replicas)
        if "nginx" not in programs:
            raise SystemExit("This needs nginx.")
        for name, program in programs.items():
            if not name.startswith("app_"):
                continue
            environ = {
                **program.env,
                "TELEGRAM_TOKEN": TOKEN,
                "TELEGRAM_API_URL": f"http://127.0.0.1:{free_port()}",
                "SEMBLANCE_URL_ALLOW": address,
                # All good URLs are of one server here, and those who ask have no names.
                "SEMBLANCE_URL_PER_HOST": "1000",
                "SEMBLANCE_URL_PER_USER": "1000",
            }
            process = stack.enter_context(running(name, program.argv, run, environ))
            process.wait_for(str(run / f"{name}.sock"))
        nginx = programs["nginx"]
        where = str(nginx.ready).removeprefix("http://").removesuffix("/healthz")
        stack.enter_context(running("nginx", nginx.argv, run)).wait_for(where)
        yield where


def report(requests: int, at_once: int, replicas: int) -> dict[str, Any]:
    """The figures: quiet, mixed, and one against the other."""
    good = at_once // 2
    alone = max(good, int(requests * _QUIET_SHARE))
    with (
        picture_server(_jpeg(photo())) as url,
        site(url.removeprefix("http://"), replicas) as where,
    ):
        part(where, url, Mix(good=2 * at_once, bad=0), good=good, bad=0)
        quiet, _ = part(where, url, Mix(good=alone, bad=0), good=good, bad=0)
        half = Mix(good=requests // 2, bad=requests // 2)
        mixed, ills = part(where, url, half, good=good, bad=at_once - good)
    before, after = quiet.figures(), mixed.figures()
    ratio = None
    if before["p99_ms"] and after["p99_ms"]:
        ratio = rounded(after["p99_ms"] / before["p99_ms"])
    return {
        "requests": mixed.asked + ills.total(),
        "at_once": at_once,
        "good_share": len(mixed.answers_ms) / max(1, mixed.asked),
        "quiet_p99_ms": before["p99_ms"],
        "mixed_p99_ms": after["p99_ms"],
        "ratio": ratio,
        "quiet": before,
        "mixed": after,
        "failures": dict(mixed.failures),
        "hostile": dict(sorted(ills.items())),
    }


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixed", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--at-once", type=int, default=AT_ONCE)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="end with one JSON object")
    options = parser.parse_args(argv)
    figures = report(options.requests, options.at_once, options.replicas)
    for name, value in figures.items():
        print(f"{name}: {value}")
    if options.json:
        print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
