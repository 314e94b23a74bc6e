"""`/delete` through the whole bot: what waits of a person leaves the disk, and others' stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from bot import texts
from tests.integration.test_bot import World, eventually

MINE, THEIRS = "a-very-private-address", "somebody-elses"
ME, OTHER = 7_340_912_345, 4711


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    # Nobody answers there: jobs wait.
    world.environment["SEMBLANCE_PROXY_URL"] = "http://127.0.0.1:9"
    yield world
    world.close()


def messages(world: World, chat: int) -> list[dict[str, Any]]:
    history = requests.get(f"{world.api_url}/api/chats/{chat}/messages", timeout=10).json()
    return [each["message"] for each in history["messages"] if each["sender"] == "bot"]


def button(world: World, chat: int) -> dict[str, Any] | None:
    for message in messages(world, chat):
        for row in message.get("reply_markup", {}).get("inline_keyboard", []):
            return {"message_id": message["message_id"], "data": row[0]["callback_data"]}
    return None


def on_disk(world: World) -> bytes:
    return b"".join(file.read_bytes() for file in (world.folder / "queue").iterdir())


def test_what_waits_of_a_person_leaves_the_disk(world: World) -> None:
    world.start("bot")
    for i in range(3):
        world.write(ME, f"http://example.com/{MINE}/{i}")
    world.write(OTHER, f"http://example.com/{THEIRS}")
    eventually(lambda: len(messages(world, ME)) == 3, "the status messages")
    assert MINE.encode() in on_disk(world)
    world.write(ME, "/delete")
    pressed = eventually(lambda: button(world, ME), "the button")
    presses = f"{world.api_url}/api/chats/{ME}/presses"
    requests.post(presses, json=pressed, timeout=10).raise_for_status()
    eventually(lambda: texts.DELETED in world.answers(ME), "the last word")
    eventually(lambda: world.answers(ME).count(texts.CANCELLED) == 3, "the others")
    left = on_disk(world)
    for trace in (MINE.encode(), str(ME).encode(), ME.to_bytes(6, "big")):
        assert trace not in left
    assert THEIRS.encode() in left
    assert str(ME) not in world.log()
