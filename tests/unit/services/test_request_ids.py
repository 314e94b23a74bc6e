import re

import pytest

from services import request_ids
from tests.fakes_services import app_of


@pytest.fixture
def client():
    return app_of().test_client()


@pytest.mark.parametrize("given", ["5-0", "a", "A.b_c-9", "x" * 64])
def test_a_well_formed_id_is_taken_over(client, given):
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "<script>", "a/b", "ä", "a\tb"])
def test_any_other_id_is_replaced_by_one_of_ours(client, given):
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_an_error_names_the_same_id_as_the_header(client):
    answer = client.get("/nowhere", headers={"X-Request-ID": "abc"})
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"] == "abc"


def test_outside_of_a_request_there_is_none():
    assert request_ids.current() == "-"
