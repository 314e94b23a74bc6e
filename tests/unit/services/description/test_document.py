import json

import pytest
from openapi_spec_validator import validate

from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from services.description.document import document
from tests.fakes_services import FakeFetcher, app_of, settings
from utils import errors
from utils.labels import EMOTIONS

KEY = {"SEMBLANCE_API_KEYS": "a-key-of-the-tests"}
# Of the bot, of probes and of monitoring, or what a page loads.
NOT_PUBLIC = {
    "/classify",
    "/classify_url",
    "/readyz",
    "/metrics",
    "/docs/page.css",
    "/docs/page.js",
}


def described(**environ):
    return document(settings(**environ), ("semblance", "1"))


@pytest.mark.parametrize("environ", [{}, KEY, {"SEMBLANCE_GENDER": "off"}])
def test_it_is_openapi(environ):
    validate(described(**environ))


def test_it_has_every_public_route_and_no_other():
    app = app_of(FileSource(None, max_bytes=1), UrlSource(FakeFetcher()))
    served = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in NOT_PUBLIC
    }
    paths = described()["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == served


def test_the_limits_and_labels_are_those_of_the_running_service():
    told = described(SEMBLANCE_MAX_FACES="7", SEMBLANCE_MAX_BYTES="3000000")
    schemas = told["components"]["schemas"]
    assert schemas["Analysis"]["properties"]["faces"]["maxItems"] == 7
    assert schemas["Mood"]["enum"] == list(EMOTIONS)
    assert schemas["About"]["example"]["max_bytes"] == 3_000_000
    assert "3 MB" in told["info"]["description"]


def test_without_gender_nothing_of_it_is_left():
    told = described(SEMBLANCE_GENDER="off")
    assert "woman" not in json.dumps(told)
    assert "Gender" not in told["components"]["schemas"]
    (post,) = told["paths"]["/v1/faces"].values()
    assert "gender" not in [each["name"] for each in post["parameters"]]
    assert "gender" in json.dumps(described())


def test_a_key_is_wanted_where_there_are_any():
    assert described()["security"] == []
    told = described(**KEY)
    assert told["security"] == [{"key": []}]
    open_to_all = {
        path
        for path, methods in told["paths"].items()
        for node in methods.values()
        if node.get("security") == []
    }
    assert open_to_all == {"/v1/about", "/v1/openapi.json", "/docs", "/healthz", "/"}
    for path, methods in told["paths"].items():
        for node in methods.values():
            assert ("401" in node["responses"]) == ("security" not in node), path
            (sample,) = node["x-codeSamples"]
            assert ("YOUR-KEY" in sample["source"]) == ("security" not in node), path


def test_codes_and_statuses_are_those_of_the_errors():
    told = described()
    components = told["components"]["responses"]
    known = {
        error.code: error.status
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.SemblanceError)
    }
    for methods in told["paths"].values():
        for node in methods.values():
            for status, answer in node["responses"].items():
                shared = components.get(answer.get("$ref", "").rpartition("/")[2], answer)
                for code in shared["content"].get("application/json", {}).get("examples", {}):
                    # nginx says 502 where a service says 503: nobody was reached.
                    wanted = {"unavailable": 502}.get(code) if status == "502" else known.get(code)
                    assert wanted in (int(status), None), code


@pytest.mark.parametrize("path", ["/", "/face", "/predict", "/v1/faces"])
def test_what_asks_for_one_picture_tells_what_may_be_wrong_with_it(path):
    answers = described()["paths"][path]["post"]["responses"]
    codes = set(answers["422"]["content"]["application/json"]["examples"])
    assert {"not_an_image", "image_broken"} <= codes
    assert ("no_face" in codes) == (path != "/v1/faces")
    assert ("url_refused" in codes) == (path == "/predict")
