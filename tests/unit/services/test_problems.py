import json

import pytest

from services import problems
from tests.fakes_services import app_of
from utils import errors


def client_raising(error):
    app = app_of()

    @app.get("/break")
    def fail():
        raise error

    return app.test_client()


def every(kind):
    for child in kind.__subclasses__():
        yield child
        yield from every(child)


OURS = sorted(
    {errors.SemblanceError, *every(errors.SemblanceError)}, key=lambda kind: kind.__name__
)
OURS = [kind for kind in OURS if kind.__module__ == "utils.errors"]


@pytest.mark.parametrize("kind", OURS)
def test_each_of_our_errors_answers_its_status_code_and_sentence(kind):
    answer = client_raising(kind("secret details")).get("/break")
    assert answer.status_code == kind.status
    assert answer.json["error"]["code"] == kind.code
    assert answer.json["error"]["message"] == kind.sentence
    assert set(answer.json) == {"error"}
    assert b"secret details" not in answer.data


@pytest.mark.parametrize(("after_s", "header"), [(0.1, "1"), (1, "1"), (1.2, "2"), (30, "30")])
def test_what_may_succeed_later_says_when(after_s, header):
    answer = client_raising(errors.Busy("x", retry_after_s=after_s)).get("/break")
    assert answer.headers["Retry-After"] == header


def test_what_can_never_succeed_does_not_invite_a_retry():
    assert "Retry-After" not in client_raising(errors.NotAnImage()).get("/break").headers


def test_an_unknown_route_is_404_in_our_shape():
    answer = app_of().test_client().get("/nowhere")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


def test_a_wrong_method_is_405_and_names_the_right_ones():
    answer = app_of().test_client().delete("/healthz")
    assert (answer.status_code, answer.json["error"]["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "status", [400, 401, 406, 408, 409, 410, 411, 413, 414, 415, 416, 429, 431]
)
def test_every_failure_of_the_framework_has_our_shape(status):
    from werkzeug.exceptions import default_exceptions

    answer = client_raising(default_exceptions[status]()).get("/break")
    assert answer.status_code == status
    assert set(answer.json["error"]) == {"code", "message", "request_id"}


def test_an_error_that_nobody_foresaw_is_a_plain_500_with_its_traceback_in_the_log(caplog):
    answer = client_raising(RuntimeError("/a/path and a picture")).get("/break")
    assert answer.status_code == 500
    assert answer.json["error"]["code"] == "internal_error"
    assert b"path" not in answer.data
    assert caplog.records[0].exc_info


@pytest.mark.parametrize(
    ("error", "facts"),
    [
        (errors.UrlRefused("x"), {"code": "url_refused", "reason": "url_refused"}),
        (errors.Busy("x", reason="line_full"), {"code": "busy", "reason": "line_full"}),
    ],
)
def test_a_refusal_is_one_log_line_with_code_and_reason(error, facts, caplog):
    caplog.set_level("INFO")
    client_raising(error).get("/break")
    (record,) = [r for r in caplog.records if r.name == "services.problems"]
    assert record.facts == facts


def test_the_shape_of_one_error_among_several_results_is_the_same():
    shape = problems.shape_of(errors.ImageBroken("x"))
    assert shape["error"]["code"] == "image_broken"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (414, "request_header_fields_too_large"),
        (431, "request_header_fields_too_large"),
        (500, "internal_error"),
    ],
)
def test_what_never_became_a_request_has_the_same_shape(status, code):
    head, _, body = problems.malformed(status).partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert f"Content-Length: {len(body)}".encode() in head
    assert json.loads(body)["error"]["code"] == code
