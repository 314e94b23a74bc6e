from __future__ import annotations

import pytest

from playground.app import create_app
from playground.guards import is_loopback_name
from tests.unit.playground.conftest import CHAT, TOKEN

SEND = f"/api/chats/{CHAT}/messages"


@pytest.mark.parametrize("host", ["127.0.0.1:8088", "localhost:8088", "[::1]:8088", "LOCALHOST"])
def test_this_machine_has_a_few_names(host):
    assert is_loopback_name(host)


@pytest.mark.parametrize(
    "host", ["evil.example:8088", "127.0.0.1.evil.example", "10.0.0.5", "", "[::1", "localhost.x"]
)
def test_other_names_are_not_this_machine(host):
    assert not is_loopback_name(host)


@pytest.mark.parametrize("path", ["/", "/api/bot", f"/bot{TOKEN}/getMe", "/healthz"])
def test_a_name_from_elsewhere_is_refused_everywhere(client, path):
    assert client.get(path, headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"), [(f"/bot{TOKEN}/getMe", 200), ("/", 403), ("/api/bot", 403)]
)
def test_bot_and_services_may_use_a_name_of_their_own_that_opens_no_page(playground, path, status):
    client = create_app(TOKEN, playground=playground, name="playground").test_client()
    assert client.get(path, headers={"Host": "playground:8088"}).status_code == status
    assert client.get(path, headers={"Host": "evil.example:8088"}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_cannot_write_or_read(client, person, headers):
    assert client.post(SEND, data={"text": "a"}, headers=headers).status_code == 403
    assert client.get(SEND, headers=headers).status_code == 403
    response = client.get(f"/bot{TOKEN}/getMe", headers=headers)
    assert (response.status_code, response.get_json()["ok"]) == (403, False)
    assert person.sees()["messages"] == []


def test_the_pages_own_requests_pass(client):
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post(SEND, data={"text": "a"}, headers=headers).status_code == 201


def test_a_link_from_elsewhere_may_open_the_page(client):
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
