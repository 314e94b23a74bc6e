"""The proxy before routes of older systems, and what one key may ask."""

from __future__ import annotations

import json

import pytest

from tests.service_processes import eventually, nginx, nginx_command, upstream

IMAGE, URL = 0, 1
# Where each route leads that may also stand behind the stage.
LEADS_TO = {
    "/": IMAGE,
    "/face": IMAGE,
    "/face-sentiment": IMAGE,
    "/predict": URL,
    "/v1/about": IMAGE,
    "/v1/faces": IMAGE,
    "/v1/faces/url": URL,
    "/v1/openapi.json": IMAGE,
    "/docs": IMAGE,
    "/docs/page.css": IMAGE,
    "/docs/page.js": IMAGE,
}


@pytest.mark.parametrize("stage", ["", "/Prod"])
@pytest.mark.parametrize("path", LEADS_TO)
def test_a_route_reaches_its_service_also_behind_the_stage(world, path, stage):
    proxy, images, url = world
    assert proxy.call("POST", stage + path, b"x").status == 200
    reached = [
        path
        for _, path, _, _ in (
            url.seen if LEADS_TO[path] == URL else images[0].seen + images[1].seen
        )
    ]
    assert reached == [path]
    log = proxy.log_path.parent / "nginx_access.log"
    lines = eventually(log.read_text, "the access log")
    assert json.loads(lines.splitlines()[-1])["route"] == path


def test_the_stage_alone_is_its_first_page(world):
    proxy, images, _ = world
    assert proxy.call("GET", "/Prod").status == 200
    assert [path for each in images for _, path, _, _ in each.seen] == ["/"]


def test_a_key_has_its_rate_and_nobody_elses(folder):
    nginx_command()
    with (
        upstream(folder / "i") as image,
        upstream(folder / "u") as url,
        nginx(folder, app_image=[image.socket], app_url=[url.socket], api_rate=2) as proxy,
    ):
        one = [proxy.call("POST", "/v1/faces", b"x", Authorization="Bearer 1") for _ in range(9)]
        assert {answer.status for answer in one[:3]} == {200}
        refused = next(answer for answer in one if answer.status != 200)
        assert (refused.status, refused.code) == (429, "too_many_requests")
        assert refused.headers["Retry-After"] == "1"
        assert proxy.call("POST", "/predict", b"x", Authorization="Bearer 1").status == 429
        assert proxy.call("POST", "/v1/faces", b"x", Authorization="Bearer 2").status == 200
        without = [proxy.call("POST", "/v1/faces", b"x").status for _ in range(9)]
        assert without == [200] * 9


def test_a_key_written_in_other_ways_is_the_same_key(folder):
    nginx_command()
    with (
        upstream(folder / "i") as image,
        upstream(folder / "u") as url,
        nginx(folder, app_image=[image.socket], app_url=[url.socket], api_rate=2) as proxy,
    ):
        written = ["Bearer 3", "bearer 3", "BEARER 3", "bEARER  3", "Bearer \t3", "Bearer 3 "] * 2
        answers = [
            proxy.call("POST", "/v1/faces", b"x", Authorization=each).status for each in written
        ]
        assert answers[:3] == [200] * 3
        assert answers.count(429) >= 6
        odd = ["Basic 1", "Basic 2", "3", "Bearer", "Bearer 1 2", "Token x"] * 2
        answers = [proxy.call("POST", "/v1/faces", b"x", Authorization=each).status for each in odd]
        assert answers.count(429) >= 6
