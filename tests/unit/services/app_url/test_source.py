import pytest

from services.app_url.fetch import Fetcher
from services.app_url.source import UrlSource
from services.metrics import Metrics
from tests.fakes_services import (
    JPEG,
    FakeEngine,
    FakeFetcher,
    app_of,
    http,
    job,
    says,
    settings,
    stranger,
)
from utils.errors import UrlRefused
from utils.pipeline import ALL

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


def test_jobs_have_the_turn_of_their_owner_and_callers_have_none(client, fetcher):
    UrlSource(fetcher).picture_of(job(kind="url", source=URL, user_id=5))
    client.post("/v1/faces/url", json={"url": URL})
    assert fetcher.users == ["5", ""]


def test_a_picture_is_held_until_its_request_is_answered():
    found = Fetcher(settings(SEMBLANCE_URL_ALLOW="127.0.0.1:*"))
    seen = []

    class Engine(FakeEngine):
        def analyze(self, data, options=ALL):
            seen.append(found.budget.held_bytes)
            return super().analyze(data, options)

    app = app_of(UrlSource(found), engine=Engine())
    with stranger(says(http(JPEG)), repeat=True) as port:
        answer = app.test_client().post("/v1/faces/url", json={"url": f"http://127.0.0.1:{port}/"})
    assert answer.status_code == 200
    assert seen == [len(JPEG)]
    assert found.budget.held_bytes == 0


def test_every_refusal_is_counted_by_its_reason():
    metrics = Metrics()
    source = UrlSource(Fetcher(settings()), fetching=metrics.fetching)
    for url in ("http://10.0.0.1/", "http://127.0.0.1/", "http://8.8.8.8:22/"):
        with pytest.raises(UrlRefused):
            source.picture_of(job(kind="url", source=url))
    told = metrics.exposition().decode()
    assert 'semblance_fetch_refusals_total{reason="private_address"} 2.0' in told
    assert 'semblance_fetch_refusals_total{reason="port"} 1.0' in told
