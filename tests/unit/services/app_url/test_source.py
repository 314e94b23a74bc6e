import pytest

from services.app_url.source import UrlSource
from tests.fakes_services import JPEG, FakeFetcher, app_of, job

URL = "https://example.org/a.jpg"


@pytest.fixture
def fetcher():
    return FakeFetcher()


@pytest.fixture
def client(fetcher):
    return app_of(UrlSource(fetcher)).test_client()


def test_a_jobs_picture_is_what_its_url_leads_to(fetcher):
    assert UrlSource(fetcher).picture_of(job(kind="url", source=URL)) == JPEG
    assert fetcher.fetched == [URL]


def test_the_public_route_fetches_a_url_and_answers_its_faces(client, fetcher):
    answer = client.post("/v1/faces/url", json={"url": URL})
    assert len(answer.json["faces"]) == 1
    assert fetcher.fetched == [URL]


def test_the_annotated_picture_is_there_by_url_too(client):
    answer = client.post("/v1/faces/url", json={"url": URL}, headers={"Accept": "image/jpeg"})
    assert answer.data == b"as jpeg"


@pytest.mark.parametrize("shape", [{}, {"url": ""}, {"url": 3}, {"url": [URL]}, [], None])
def test_a_body_without_a_url_is_a_bad_request(client, fetcher, shape):
    answer = client.post("/v1/faces/url", json=shape)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request")
    assert fetcher.fetched == []
