import re
from functools import partial

import pytest

from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from services.delivery import Delivery
from services.factory import create_app
from services.gate import Gate
from services.inference import Inference
from services.metrics import Metrics
from tests.fakes_services import (
    JPEG,
    FakeChats,
    FakeEngine,
    FakeFetcher,
    FakeFiles,
    analysis,
    face,
    job,
    settings,
    signed,
)
from tests.metric_values import values_of
from utils.errors import Busy, FileGone, TelegramUnavailable


@pytest.fixture
def metrics():
    return Metrics()


def values(metrics):
    return values_of(metrics.exposition())


def test_a_photo_counts_once_by_what_was_seen(metrics):
    for seen in (analysis(face(), face()), analysis(), analysis(face())):
        with metrics.photo("/v1/faces") as saw:
            saw(seen)
    told = values(metrics)
    assert told['semblance_photos_total{outcome="faces",route="/v1/faces"}'] == 2
    assert told['semblance_photos_total{outcome="no_face",route="/v1/faces"}'] == 1
    assert told['semblance_photo_seconds_count{route="/v1/faces"}'] == 3
    assert told["semblance_faces_per_photo_sum"] == 3
    assert told['semblance_faces_per_photo_bucket{le="1.0"}'] == 2


def test_the_pipelines_own_times_become_the_stages(metrics):
    with metrics.photo("/classify") as saw:
        saw(analysis(face()))
    told = values(metrics)
    assert told['semblance_stage_seconds_count{stage="decode"}'] == 1
    assert told['semblance_stage_seconds_sum{stage="decode"}'] == 0.001


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (FileGone("x"), "file_gone"),
        (Busy("x"), "busy"),
        (ZeroDivisionError("x"), "internal_error"),
        (KeyboardInterrupt(), "internal_error"),
    ],
)
def test_a_photo_that_fails_counts_by_its_error_even_after_it_was_seen(metrics, error, outcome):
    def fail():
        with metrics.photo("/classify") as saw:
            saw(analysis(face()))
            raise error

    with pytest.raises(type(error)):
        fail()
    told = values(metrics)
    assert told[f'semblance_photos_total{{outcome="{outcome}",route="/classify"}}'] == 1
    assert 'semblance_photos_total{outcome="faces",route="/classify"}' not in told
    assert told["semblance_photos_in_flight"] == 0


def test_who_finds_no_place_before_a_route_is_counted_and_a_failure_inside_is_not(metrics):
    gate = Gate(1, name="a route")
    with metrics.place("/v1/faces", gate), pytest.raises(Busy), metrics.place("/v1/faces", gate):
        pass
    with pytest.raises(Busy), metrics.place("/v1/faces", gate):
        raise Busy("within")
    with metrics.place("/v1/faces", gate):
        pass
    assert values(metrics)['semblance_photos_total{outcome="busy",route="/v1/faces"}'] == 1


def test_what_is_in_flight_is_seen_meanwhile(metrics):
    with metrics.photo("/classify"):
        assert values(metrics)["semblance_photos_in_flight"] == 1


def test_a_route_and_the_stages_start_as_zeros(metrics):
    metrics.expect("/classify")
    told = values(metrics)
    assert told['semblance_photos_total{outcome="busy",route="/classify"}'] == 0
    assert told['semblance_stage_seconds_count{stage="deliver"}'] == 0


def client_of(metrics, *, files=None, chats=None, **environ):
    chosen = settings(**environ)
    fetching = partial(metrics.stage, "fetch")
    sources = [
        FileSource(files or FakeFiles(), max_bytes=10**6, fetching=fetching),
        UrlSource(FakeFetcher(), fetching=fetching),
    ]
    inference = Inference(FakeEngine(), 1)
    inference.warm_up()
    delivery = Delivery(chats or FakeChats(), "edit")
    app = create_app(sources, chosen, inference=inference, delivery=delivery, metrics=metrics)
    return app.test_client()


def test_every_door_counts_its_photos_and_times_what_it_does_for_them(metrics):
    client = client_of(metrics)
    body = job().encode()
    client.post("/classify", data=body, headers=signed(body))
    client.post("/v1/faces/url", json={"url": "https://example.org/a.jpg"})
    client.post("/v1/faces", data=JPEG, content_type="image/jpeg", headers={"Accept": "image/png"})
    several = {"images": ["aGVsbG8=", "dGV4dA==", "###"]}
    assert client.post("/v1/faces", json=several).status_code == 200
    told = values(metrics)
    for route, outcome, count in (
        ("/classify", "faces", 1),
        ("/v1/faces/url", "faces", 1),
        ("/v1/faces", "faces", 2),
        ("/v1/faces", "not_an_image", 1),
        ("/v1/faces", "bad_request", 1),
    ):
        name = f'semblance_photos_total{{outcome="{outcome}",route="{route}"}}'
        assert told[name] == count, name
    assert told['semblance_stage_seconds_count{stage="fetch"}'] == 2
    assert told['semblance_stage_seconds_count{stage="deliver"}'] == 1


def test_a_job_counts_by_what_keeps_it_from_being_answered(metrics):
    body = job().encode()
    client = client_of(metrics, files=FakeFiles(FileGone("gone")))
    client.post("/classify", data=body, headers=signed(body))
    away = FakeChats(errors={"edit_photo": TelegramUnavailable("away")})
    client_of(metrics, chats=away).post("/classify", data=body, headers=signed(body))
    client.post("/classify", data=body, headers={"X-Semblance-Signature": "00"})
    told = values(metrics)
    counted = {
        re.search('outcome="(.*?)"', name)[1]: value
        for name, value in told.items()
        if name.startswith("semblance_photos_total") and value
    }
    assert counted == {"file_gone": 1, "telegram_unavailable": 1}


def test_calls_of_telegram_are_told_by_method_and_status(metrics):
    metrics.telegram_call("editMessageMedia", "429")
    name = 'semblance_telegram_calls_total{method="editMessageMedia",status="429"}'
    assert values(metrics)[name] == 1


def test_nothing_of_a_strangers_making_becomes_a_label(metrics):
    client = client_of(metrics)
    body = job(source="AgADmarker", kind="file_id").encode()
    client.post("/classify", data=body, headers=signed(body) | {"X-Request-ID": "marker-1"})
    client.post("/v1/faces/url?marker=1", json={"url": "https://marker.example/marker"})
    client.get("/marker")
    assert b"marker" not in metrics.exposition()
