import pytest

from services.app_image.source import FileSource
from tests.fakes_services import JPEG, app_of

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
