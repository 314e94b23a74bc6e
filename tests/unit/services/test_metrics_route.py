import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from tests.fakes_services import FakeFetcher, app_of

KEY = "a-key-of-the-tests"


@pytest.fixture
def image():
    return FileSource(None, max_bytes=10**6)


def test_the_answer_is_what_prometheus_reads(image):
    answer = app_of(image).test_client().get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {"semblance_photos", "semblance_stage_seconds"} <= families


def test_behind_nginx_it_asks_for_no_key(image):
    client = app_of(image, SEMBLANCE_API_KEYS=KEY).test_client()
    assert client.get("/metrics").status_code == 200


def test_without_nginx_it_asks_for_a_key_where_the_api_does(image):
    web = UrlSource(FakeFetcher())
    assert app_of(image, web).test_client().get("/metrics").status_code == 200
    client = app_of(image, web, SEMBLANCE_API_KEYS=KEY).test_client()
    assert client.get("/metrics").status_code == 401
    known = {"Authorization": f"Bearer {KEY}"}
    assert client.get("/metrics", headers=known).status_code == 200


def test_a_scrape_is_not_worth_a_line(image, caplog):
    with caplog.at_level(logging.INFO):
        app_of(image).test_client().get("/metrics")
    assert [each for each in caplog.records if each.name == "services.access"] == []
