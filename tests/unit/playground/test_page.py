from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from playground import app, chats, page, people

STATIC = Path(page.__file__).parent / "static"
SCRIPTS = sorted(path.name for path in STATIC.glob("*.js"))


class References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.ids: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("src", "href") and value.startswith("/"):
                self.files.append(value)
            if name.startswith("on") or name == "style":
                self.handlers.append(f"{tag} {name}")


@pytest.fixture
def references():
    found = References()
    found.feed((STATIC / "index.html").read_text(encoding="utf-8"))
    return found


def test_the_page_and_all_it_loads_is_served(client, references):
    assert client.get("/").mimetype == "text/html"
    for path in references.files:
        assert client.get(path).status_code == 200, path
    imported = {
        name
        for script in SCRIPTS
        for name in re.findall(r'from "\./(\w+\.js)"', (STATIC / script).read_text("utf-8"))
    }
    assert imported
    for name in imported:
        assert client.get(f"/{name}").mimetype == "text/javascript"


def test_nothing_comes_from_another_host():
    for path in STATIC.glob("*.*"):
        if path.suffix in (".html", ".css", ".js"):
            for url in re.findall(r"https?://[^\s\"'`)]+", path.read_text("utf-8")):
                assert url.startswith(("http://www.w3.org/", "http://${")), f"{path.name}: {url}"


def test_a_strict_policy_is_sent_and_the_page_keeps_to_it(client, references):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert references.handlers == []
    for script in SCRIPTS:
        text = (STATIC / script).read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)


def test_every_element_a_script_asks_for_is_there(references):
    for script in SCRIPTS:
        text = (STATIC / script).read_text("utf-8")
        for name in re.findall(r'byId\("([\w-]+)"\)', text):
            assert name in references.ids, f"{script}: {name}"
    assert len(references.ids) == len(set(references.ids))


def test_other_files_of_the_folder_and_outside_are_not_served(client):
    for path in ("/CREDITS.md", "/index.html.bak", "/../app.py", "/static/chat.js", "/app.py"):
        assert client.get(path).status_code == 404, path


def test_the_page_keeps_as_many_messages_as_the_playground():
    assert f"const MAX_MESSAGES = {chats.MAX_MESSAGES};" in (STATIC / "chat.js").read_text("utf-8")


def test_the_page_knows_the_limits_of_the_playground():
    text = (STATIC / "api.js").read_text("utf-8")
    assert f"const MAX_PHOTOS = {people.MAX_ALBUM};" in text
    assert "const MAX_BYTES = 50 * 1024 * 1024;" in text
    assert app.MAX_BODY_BYTES > 50 * 1024 * 1024


def test_the_sample_photo_is_credited():
    assert "NASA" in (STATIC / "CREDITS.md").read_text("utf-8")
    assert "NASA" in (STATIC / "index.html").read_text("utf-8")


def test_the_page_keeps_to_itself(client):
    headers = client.get("/").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"
