"""A replica whose SEMBLANCE_SECRET is another than the bot's: refused, told, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crowd import Correspondent, drawn_faces
from tests.integration.test_bot import SECRET, TOKEN, World, eventually
from tests.service_processes import gunicorn, nginx, nginx_command

APP = "services.app_image:create()"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    nginx_command()
    world = World(tmp_path)
    yield world
    world.close()


def test_the_job_waits_is_told_on_both_sides_and_done_by_a_replica_with_the_right_secret(
    world: World, folder: Path
) -> None:
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    environ = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": world.api_url}
    sockets = [str(folder / name / "app_image.sock") for name in ("a", "b")]
    with (
        gunicorn(APP, folder / "a", **environ, SEMBLANCE_SECRET="not-the-bots-secret") as wrong,
        nginx(folder, app_image=sockets, app_url=["/nope"]) as proxy,
    ):
        bot = world.start("bot", SEMBLANCE_PROXY_URL=f"http://{proxy.socket}")
        person = Correspondent(world.api_url)
        for picture in drawn_faces(1):
            person.send(picture)
        eventually(
            lambda: "SEMBLANCE_SECRET must be the same for both" in world.log(), "the bot's word"
        )
        eventually(lambda: "is SEMBLANCE_SECRET the same as the bot's?" in wrong.log, "its word")
        assert not person.look()
        # A second replica with the right secret: jobs that meet the wrong one come again.
        with gunicorn(APP, folder / "b", **environ, SEMBLANCE_SECRET=SECRET) as right:
            for picture in drawn_faces(2, seed=2):
                person.send(picture)
            eventually(lambda: person.look() is not None and not person.waiting, "all pictures")
            assert "outcome=answered" in right.log
        assert "outcome=answered" not in wrong.log
        assert person.duplicated == 0
        assert bot.poll() is None
        assert SECRET not in world.log() + wrong.log
