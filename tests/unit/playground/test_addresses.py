from __future__ import annotations

import pytest

from playground.addresses import refuse_webhook_url
from playground.errors import BadCall


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8081/telegram",
        "https://10.0.0.7/x",
        "http://[::1]:81/x",
        "http://nginx:8080/telegram",
        "http://localhost/x",
        "http://host.docker.internal:8080/x",
    ],
)
def test_a_webhook_may_be_on_this_machine_and_in_its_network(url):
    refuse_webhook_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/x",
        "http://8.8.8.8/x",
        "https://[2606:4700::1111]/x",
        "ftp://127.0.0.1/x",
        "nonsense",
        "http://",
        "http://[::1/x",
    ],
)
def test_nothing_leaves_for_the_internet(url):
    with pytest.raises(BadCall, match="bad webhook"):
        refuse_webhook_url(url)
