import pytest
from flask import Flask
from werkzeug.exceptions import Unauthorized

from services import keys
from services.app_image.source import FileSource
from services.rates import Rates
from tests.fakes_services import JPEG, app_of
from utils.errors import TooManyRequests
from utils.settings import hash_of_key

KEYS = "first-key-0123456789,second-key-0123456789"


def post(headers, keys=KEYS):
    client = app_of(FileSource(None, max_bytes=10**6), SEMBLANCE_API_KEYS=keys).test_client()
    return client.post("/v1/faces", data=JPEG, content_type="image/jpeg", headers=headers)


@pytest.mark.parametrize("key", KEYS.split(","))
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_each_key_opens_the_api(scheme, key):
    assert post({"Authorization": f"{scheme} {key}"}).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic first-key-0123456789",
        "first-key-0123456789",
        "Bearer first-key-0123456789x",
        "Bearer ä",
        "Bearer first-key-0123456789,second-key-0123456789",
    ],
)
def test_anything_else_is_401_and_says_how(authorization):
    answer = post({"Authorization": authorization})
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].lower().startswith("bearer")


def test_without_keys_the_api_is_open():
    assert post({}, keys="").status_code == 200


def test_the_health_routes_need_no_key():
    client = app_of(SEMBLANCE_API_KEYS=KEYS).test_client()
    assert client.get("/healthz").status_code == 200


def test_a_key_that_stands_there_as_its_hash_opens_it_too():
    hashed = f"sha256:{hash_of_key('first-key-0123456789')}"
    assert post({"Authorization": "Bearer first-key-0123456789"}, hashed).status_code == 200
    assert post({"Authorization": f"Bearer {hashed}"}, hashed).status_code == 401
    assert post({"Authorization": f"Bearer {hashed[7:]}"}, hashed).status_code == 401


def test_a_key_has_its_rate():
    app = app_of(FileSource(None, max_bytes=10**6), SEMBLANCE_API_KEYS=KEYS, SEMBLANCE_API_RATE="1")
    client = app.test_client()
    first, second = ({"Authorization": f"Bearer {key}"} for key in KEYS.split(","))

    def ask(headers):
        return client.post("/v1/faces", data=JPEG, content_type="image/jpeg", headers=headers)

    answers = [ask(first) for _ in range(5)]
    assert answers[0].status_code == 200
    refused = answers[-1]
    assert (refused.status_code, refused.json["error"]["code"]) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "1"
    assert ask(second).status_code == 200


def test_a_new_key_fits_its_hash(capsys):
    keys.main([])
    key, digest = (line.split()[-1] for line in capsys.readouterr().out.splitlines())
    assert len(key) == 32
    assert post({"Authorization": f"Bearer {key}"}, digest).status_code == 200


def ask_often(authorizations, rate="3"):
    source = FileSource(None, max_bytes=10**6)
    app = app_of(source, SEMBLANCE_API_KEYS=KEYS, SEMBLANCE_API_RATE=rate)
    client = app.test_client()
    return [
        client.post(
            "/v1/faces",
            data=JPEG,
            content_type="image/jpeg",
            headers={"Authorization": each} if each else {},
        ).status_code
        for each in authorizations
    ]


def test_a_key_is_one_key_however_it_is_written():
    key = KEYS.split(",", maxsplit=1)[0]
    written = [f"Bearer {key}", f"bearer {key}", f"BEARER  {key}", f"bEARER \t{key} "] * 3
    answers = ask_often(written)
    assert answers[:3] == [200] * 3
    assert set(answers[3:]) <= {200, 429}
    assert answers.count(429) >= 6


def test_unknown_keys_are_counted_together_and_a_known_one_does_not_feel_it():
    known = f"Bearer {KEYS.split(',', maxsplit=1)[0]}"
    unknown = [f"Bearer wrong-{i}" for i in range(40)] + ["", "Basic x"] * 5
    answers = ask_often([*unknown, known])
    assert answers[:3] == [401] * 3
    assert answers.count(429) > 30
    assert set(answers[:-1]) == {401, 429}
    assert answers[-1] == 200


def test_the_table_of_rates_is_no_longer_than_the_list_of_keys():
    rates = Rates(1)
    checked = keys.Keys([hash_of_key(key) for key in KEYS.split(",")], rates)
    app = Flask("x")
    for i in range(500):
        with (
            app.test_request_context(headers={"Authorization": f"Bearer {i}"}),
            pytest.raises((Unauthorized, TooManyRequests)),
        ):
            checked.require()
    assert len(rates._buckets) == 1
