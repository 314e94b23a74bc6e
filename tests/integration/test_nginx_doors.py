"""The proxy before routes of older systems, and what one key may ask."""

from __future__ import annotations

import json

import pytest

from tests.service_processes import eventually, nginx, nginx_command, upstream

OLDER = {"/": 0, "/face": 0, "/face-sentiment": 0, "/v1/about": 0, "/predict": 1}


@pytest.mark.parametrize("stage", ["", "/Prod"])
@pytest.mark.parametrize("path", OLDER)
def test_an_older_route_reaches_its_service_also_behind_its_stage(world, path, stage):
    proxy, images, url = world
    assert proxy.call("POST", stage + path, b"x").status == 200
    reached = [
        path for _, path, _, _ in (url.seen if OLDER[path] else images[0].seen + images[1].seen)
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
