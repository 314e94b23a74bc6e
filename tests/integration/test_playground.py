"""The real process, spoken to by python-telegram-bot, by our own client and by the page's API."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from PIL import Image
from telegram import Bot, BotCommand, InputMediaDocument, InputMediaPhoto, ReplyParameters
from telegram.error import BadRequest, Conflict, InvalidToken

from utils.errors import ChatRefused, FileGone, TelegramUnavailable
from utils.settings import ROOT, Secret
from utils.telegram import MessageGone, TelegramApi

TOKEN = "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAA"
CHAT = 77
START_TIMEOUT_S = 30


def picture(size: tuple[int, int] = (1280, 960), colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


def start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "playground", "--port-file", str(port_file), *arguments],
        cwd=ROOT,
        env=os.environ | {"TELEGRAM_TOKEN": TOKEN, "SEMBLANCE_PLAYGROUND_PORT": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + START_TIMEOUT_S
    while not port_file.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "the playground did not start"
        time.sleep(0.02)
    return process, f"http://127.0.0.1:{int(port_file.read_text())}"


def stop(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[int, float, str]:
    started = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=10)
    return process.returncode, time.monotonic() - started, output


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    process, base = start(tmp_path_factory.mktemp("playground"), "--port", "0")
    yield base
    code, seconds, output = stop(process)
    assert (code, output.count("\n")) == (0, 1), output
    assert seconds < 1.5


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def api(url: str) -> Iterator[TelegramApi]:
    made = TelegramApi(Secret(TOKEN), url)
    yield made
    made.close()


@pytest.fixture
def asked(url: str, http: requests.Session) -> int:
    return says(http, url, text="hello")


def says(http: requests.Session, url: str, **fields: str) -> int:
    response = http.post(f"{url}/api/chats/{CHAT}/messages", data=fields)
    return int(response.json()["message_ids"][0])


def seen(http: requests.Session, url: str, message_id: int) -> dict[str, object]:
    views = http.get(f"{url}/api/chats/{CHAT}/messages").json()["messages"]
    return next(view for view in views if view["message_id"] == message_id)


def a_bot(url: str, token: str = TOKEN) -> Bot:
    return Bot(token, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot")


def test_python_telegram_bot_finds_telegram(url, http):
    async def conversation() -> None:
        async with a_bot(url) as bot:
            assert bot.username.endswith("bot")
            await bot.delete_webhook(drop_pending_updates=True)
            await bot.set_my_commands([BotCommand("start", "Begin")])
            assert [c.command for c in await bot.get_my_commands()] == ["start"]
            files = {"photo": ("a.jpg", picture())}
            sent = http.post(f"{url}/api/chats/{CHAT}/messages", files=files).json()
            [update] = await bot.get_updates(timeout=5, allowed_updates=["message"])
            assert update.update_id == sent["update_ids"][0]
            asked = update.message
            file = await bot.get_file(asked.photo[-1].file_id)
            assert len(await file.download_as_bytearray()) == asked.photo[-1].file_size
            status = await bot.send_message(
                CHAT, "0 ahead", reply_parameters=ReplyParameters(asked.message_id)
            )
            assert status.reply_to_message.message_id == asked.message_id
            await bot.send_chat_action(CHAT, "upload_photo")
            text = await bot.edit_message_text("soon", CHAT, status.message_id)
            assert text.text == "soon"
            media = InputMediaPhoto(picture(colour="red"), caption="one face")
            answer = await bot.edit_message_media(media, CHAT, status.message_id)
            assert (answer.caption, answer.photo[-1].width) == ("one face", 1280)
            again = await bot.edit_message_caption(CHAT, status.message_id, caption="two")
            assert again.photo == answer.photo
            document = InputMediaDocument(picture(), filename="face.jpg")
            answer = await bot.edit_message_media(document, CHAT, status.message_id)
            assert answer.document.file_name == "face.jpg"
            assert (await bot.send_photo(CHAT, picture())).photo
            assert (await bot.send_document(CHAT, picture(), filename="a.jpg")).document
            assert (await bot.get_chat(CHAT)).first_name.startswith("Guest")
            assert await bot.delete_message(CHAT, status.message_id)
            assert await bot.get_updates(offset=update.update_id + 1) == ()

    asyncio.run(conversation())


def test_python_telegram_bot_understands_the_refusals(url, asked):
    async def conversation() -> None:
        async with a_bot(url) as bot:
            with pytest.raises(BadRequest, match="Chat not found"):
                await bot.send_message(1, "a")
            with pytest.raises(BadRequest, match="Message to edit not found"):
                await bot.edit_message_text("a", CHAT, 10**6)
            with pytest.raises(BadRequest, match="Message can't be edited"):
                await bot.edit_message_text("a", CHAT, asked)
            with pytest.raises(BadRequest, match="Invalid file_id"):
                await bot.get_file("nonsense")
        with pytest.raises(InvalidToken):
            async with a_bot(url, "99:wrong"):
                pass

    asyncio.run(conversation())


def test_the_older_of_two_pollers_is_told(url):
    async def pollers() -> None:
        async with a_bot(url) as one, a_bot(url) as other:
            await one.delete_webhook(drop_pending_updates=True)
            first = asyncio.create_task(one.get_updates(timeout=10))
            await asyncio.sleep(0.3)
            second = asyncio.create_task(other.get_updates(timeout=1))
            outcomes = await asyncio.gather(first, second, return_exceptions=True)
            assert isinstance(outcomes[0], Conflict)
            assert "only one bot instance is running" in outcomes[0].message
            assert outcomes[1] == ()

    asyncio.run(pollers())


def test_our_own_client_delivers_once_however_often_it_tries(url, http, api, asked):
    status = api.send_message(CHAT, "wait", reply_to=asked)
    api.edit_text(CHAT, status, "soon")
    api.edit_text(CHAT, status, "soon")
    for _ in range(2):
        api.edit_photo(CHAT, status, picture(colour="red"), caption="one face")
    view = seen(http, url, status)
    assert view["edits"] == 2
    assert view["message"]["caption"] == "one face"
    api.send_photo(CHAT, picture((2100, 100)), caption="long", reply_to=asked, document=True)
    api.send_photo(CHAT, picture(), caption="wide", reply_to=10**6)


def test_our_own_client_understands_the_refusals(url, http, api, asked):
    with pytest.raises(MessageGone):
        api.edit_photo(CHAT, 10**6, picture(), caption="")
    with pytest.raises(MessageGone):
        api.edit_text(CHAT, asked, "not mine")
    with pytest.raises(ChatRefused):
        api.send_message(1, "a", reply_to=1)
    with pytest.raises(FileGone):
        api.get_file("nonsense", max_bytes=10**6)
    stranger = TelegramApi(Secret("99:wrong"), url)
    with pytest.raises(TelegramUnavailable, match="401"):
        stranger.send_message(CHAT, "a", reply_to=asked)
    stranger.close()


def test_a_change_reaches_the_page_while_it_waits(url, http, api, asked):
    revision = http.get(f"{url}/api/chats/{CHAT}/messages").json()["revision"]
    answers = []

    def wait() -> None:
        path = f"{url}/api/chats/{CHAT}/messages?after_revision={revision}&wait_s=20"
        answers.append(requests.get(path, timeout=25).json())

    reader = threading.Thread(target=wait)
    reader.start()
    time.sleep(0.2)
    started = time.monotonic()
    sent = api.send_message(CHAT, "news", reply_to=asked)
    reader.join(10)
    assert time.monotonic() - started < 3
    assert [view["message_id"] for view in answers[0]["messages"]] == [sent]


def test_a_call_is_not_held_back_by_the_network_stack(url, http):
    # With Nagle's algorithm on, each of these takes 40 ms and more.
    path = f"{url}/bot{TOKEN}/getMe"
    http.get(path)
    times = []
    for _ in range(20):
        started = time.monotonic()
        http.get(path)
        times.append(time.monotonic() - started)
    assert sorted(times)[5] < 0.03


def test_only_this_machine_by_its_own_names_is_answered(url, http):
    port = url.rpartition(":")[2]
    assert http.get(f"{url}/", headers={"Host": f"evil.example:{port}"}).status_code == 403
    page = http.get(f"{url}/", headers={"Host": f"localhost:{port}"})
    assert (page.status_code, "Semblance" in page.text) == (200, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_takes_a_second_even_while_people_and_bot_wait(tmp_path, number):
    process, base = start(tmp_path, "--port", "0")
    paths = (f"/bot{TOKEN}/getUpdates?timeout=50", "/api/chats/5/messages?wait_s=25")
    waiting = [
        threading.Thread(target=lambda p=path: requests.get(base + p, timeout=60)) for path in paths
    ]
    for thread in waiting:
        thread.start()
    time.sleep(0.5)
    code, seconds, output = stop(process, number)
    for thread in waiting:
        thread.join(5)
        assert not thread.is_alive()
    assert (code, output) == (0, f"playground: {base}\n")
    assert seconds < 1.5


def test_a_second_one_on_the_same_port_says_so(tmp_path, url):
    port = url.rpartition(":")[2]
    done = subprocess.run(
        [sys.executable, "-m", "playground", "--port", port],
        cwd=ROOT,
        env=os.environ | {"TELEGRAM_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 78
    assert done.stderr == (
        f"Port {port} is taken: choose another with SEMBLANCE_PLAYGROUND_PORT.\n"
    )


def test_help_names_the_options():
    done = subprocess.run(
        [sys.executable, "-m", "playground", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=START_TIMEOUT_S,
        check=True,
    )
    assert "--port-file" in done.stdout
