"""Kill bot and services while people send photos; compare what was sent with what came back.

    python -m tests.chaos --jobs 200 --kills 10 --people 50 --seed 1

Real processes as `make run` starts them, with the playground as Telegram. `lost`: messages without
a final answer. `duplicated`: messages with more than one annotated photo. The last line is one
JSON object; the exit code is 0 only where both are 0.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from skimage import data

from tests.conftest import encoded
from tests.local_run import LocalRun
from tests.person import Person, is_final
from tests.picture_server import picture_server

_VICTIMS = (r"-m bot$", r"services\.app_image", r"services\.app_url")
_ANSWERS_WITHIN_S = 300
_SHARE_OF_URLS = 0.3

Sent = tuple[Person, int]


def storm(run: LocalRun, rng: random.Random, kills: int, over: threading.Event) -> int:
    """kill -9 one random process of a random kind, `kills` times; how many were hit."""
    done = 0
    while done < kills and not over.wait(rng.uniform(0.5, 2.5)):
        kind = rng.choice(_VICTIMS)
        found = run.processes(kind)
        if found:
            rng.choice(found).kill()
            done += 1
            print(f"kill {done}: {kind}", flush=True)
    return done


def send(person: Person, photo: bytes, url: str, rng: random.Random) -> Sent:
    """One photo or one link, tried again while the playground says that it is busy."""
    for _ in range(60):
        try:
            if rng.random() < _SHARE_OF_URLS:
                return person, person.send(f"{url}/photo.jpg?{rng.random()}")
            return person, person.send_photos(photo)[0]
        except requests.RequestException:
            time.sleep(1)
    raise RuntimeError("the playground takes no messages")


def check(sent: list[Sent]) -> tuple[int, int]:
    """Wait for the answers; how many messages have none, and how many have several."""
    deadline = time.monotonic() + _ANSWERS_WITHIN_S
    waiting = list(sent)
    while waiting and time.monotonic() < deadline:
        time.sleep(1)
        waiting = [(person, i) for person, i in waiting if not is_final(person.answer(i))]
    time.sleep(3)
    photos = [sum("photo" in m for m in person.answer(i).messages) for person, i in sent]
    return len(waiting), sum(n > 1 for n in photos)


def main(argv: list[str] | None = None) -> int:
    """The command line; 0 where nothing was lost and nothing doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args(argv)
    rng = random.Random(arguments.seed)
    photo = encoded(data.astronaut(), "JPEG", quality=90)
    over = threading.Event()
    with (
        tempfile.TemporaryDirectory() as folder,
        picture_server(photo) as url,
        LocalRun(
            Path(folder),
            SEMBLANCE_URL_ALLOW=url.removeprefix("http://"),
            SEMBLANCE_LEASE_S="5",
            SEMBLANCE_REPLICAS="2",
        ) as run,
        ThreadPoolExecutor(1) as killers,
    ):
        people = [Person(run.playground_url) for _ in range(arguments.people)]
        killing = killers.submit(storm, run, random.Random(arguments.seed), arguments.kills, over)
        sent = []
        for i in range(arguments.jobs):
            sent.append(send(people[i % len(people)], photo, url, rng))
            time.sleep(rng.uniform(0, 0.2))
        kills = killing.result(timeout=600)
        over.set()
        lost, duplicated = check(sent)
        if lost or duplicated:
            print(run.printed()[-20000:])
    figures = {"jobs": len(sent), "lost": lost, "duplicated": duplicated, "kills": kills}
    print(json.dumps({**figures, "seed": arguments.seed}))
    return int(bool(lost or duplicated))


if __name__ == "__main__":
    sys.exit(main())
