"""The function's handler with events as AWS sends them, and an engine of the tests."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from services.app_lambda import answers
from services.app_lambda.handler import handler_of
from tests.fakes_services import JPEG, FakeEngine, http, says, settings, stranger
from utils.errors import BadRequest, NoFace, SemblanceError, UrlRefused
from utils.settings import ROOT

CONTEXT = SimpleNamespace(aws_request_id="a-name-of-lambda")
IMAGE = {"Content-Type": "image/jpeg"}


def v1(method="POST", path="/v1/faces", body=JPEG, headers=IMAGE):
    return {
        "httpMethod": method,
        "path": path,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"stage": "Prod", "path": f"/Prod{path}"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def v2(method="POST", path="/v1/faces", body=JPEG, headers=IMAGE, stage="$default"):
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in headers.items()},
        "requestContext": {
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
            },
            "stage": stage,
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def handler(engine=None, **environ):
    return handler_of(settings(**environ), engine or FakeEngine())


@pytest.mark.parametrize("event", [v1(), v2(), v2(path="/live/v1/faces", stage="live")])
def test_every_kind_of_http_event_runs_the_application(event):
    answer = handler()(event, CONTEXT)
    assert answer["statusCode"] == 200
    assert answer["isBase64Encoded"] is False
    shape = json.loads(answer["body"])
    assert (len(shape["faces"]), shape["request_id"]) == (1, "a-name-of-lambda")


@pytest.mark.parametrize("make", [v1, v2])
def test_a_picture_is_answered_as_base64(make):
    answer = handler()(make(headers=IMAGE | {"Accept": "image/png"}), CONTEXT)
    assert answer["isBase64Encoded"] is True
    assert base64.b64decode(answer["body"]) == b"as png"


@pytest.mark.parametrize("make", [v1, v2])
def test_what_a_client_does_wrong_is_4xx_in_our_shape(make):
    answer = handler()(make(body=b"text"), CONTEXT)
    assert answer["statusCode"] == 422
    assert json.loads(answer["body"])["error"]["code"] == "not_an_image"
    assert handler()(make(path="/nowhere"), CONTEXT)["statusCode"] == 404
    assert handler()(make("GET", "/"), CONTEXT)["statusCode"] == 200
    assert handler()(make("GET", "/Prod/"), CONTEXT)["statusCode"] == 200


@pytest.mark.parametrize("event", [v1("GET", "/docs"), v2("GET", "/live/docs", stage="live")])
def test_the_page_of_the_api_is_text(event):
    answer = handler()(event, CONTEXT)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert answer["body"].startswith("<!doctype html>")


def test_an_answer_that_lambda_could_not_hand_out_is_413():
    class Large(FakeEngine):
        def annotate(self, data, target, options=None):
            seen = super().annotate(data, target)
            object.__setattr__(seen.picture, "data", b"x" * (answers.MAX_BYTES + 1))
            return seen

    answer = handler(Large())(v1(headers=IMAGE | {"Accept": "image/png"}), CONTEXT)
    assert answer["statusCode"] == 413
    assert "image/jpeg" in json.loads(answer["body"])["error"]["message"]


def test_a_bare_url_is_answered_with_seven_probabilities():
    with stranger(says(http(JPEG))) as port:
        url = f"http://127.0.0.1:{port}/a.jpg"
        answer = handler(SEMBLANCE_URL_ALLOW=f"127.0.0.1:{port}")({"url": url}, CONTEXT)
    assert list(answer) == ["Anger", "Disgust", "Fear", "Happy", "Neutral", "Sadness", "Surprise"]
    assert sum(answer.values()) == pytest.approx(1)


@pytest.mark.parametrize("event", [{}, {"url": ""}, {"url": 5}, [], None, "text"])
def test_another_event_raises_and_says_what_to_send(event):
    with pytest.raises(BadRequest, match="Send"):
        handler()(event, CONTEXT)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://169.254.169.254/latest/meta-data"])
def test_a_url_that_leads_inside_raises_without_naming_it(url):
    with pytest.raises(UrlRefused) as caught:
        handler()({"url": url}, CONTEXT)
    assert str(caught.value) == UrlRefused.sentence


def test_no_face_raises_and_what_nobody_foresaw_keeps_its_text():
    def answer_of(engine):
        with stranger(says(http(JPEG))) as port:
            allow = f"127.0.0.1:{port}"
            url = f"http://{allow}/a.jpg"
            handler(engine, SEMBLANCE_URL_ALLOW=allow)({"url": url}, CONTEXT)

    with pytest.raises(NoFace, match="no face"):
        answer_of(FakeEngine(faces=()))
    with pytest.raises(SemblanceError) as caught:
        answer_of(FakeEngine(errors={JPEG: RuntimeError("/a/path")}))
    assert str(caught.value) == SemblanceError.sentence


def test_a_key_of_the_settings_is_asked_for_over_http():
    guarded = handler(SEMBLANCE_API_KEYS="a-key-of-the-tests")
    assert guarded(v1(), CONTEXT)["statusCode"] == 401
    headers = IMAGE | {"Authorization": "Bearer a-key-of-the-tests"}
    assert guarded(v2(headers=headers), CONTEXT)["statusCode"] == 200


def test_what_the_package_leaves_out_is_not_imported():
    code = (
        "import sys, services.app_lambda.function as f\n"
        "out = {'gevent', 'gunicorn', 'requests', 'telegram', 'keras', 'tensorflow'}\n"
        "print(sorted(out & {name.partition('.')[0] for name in sys.modules}), callable(f.handler))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "True"]
