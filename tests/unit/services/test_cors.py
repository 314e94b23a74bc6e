import pytest

from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from tests.fakes_services import JPEG, FakeFetcher, app_of

PAGE = "https://app.example.com"
ALLOWED = "Access-Control-Allow-Origin"


def client_of(cors="", **environ):
    sources = FileSource(None, max_bytes=10**6), UrlSource(FakeFetcher())
    return app_of(*sources, SEMBLANCE_CORS=cors, **environ).test_client()


def told(client, origin=PAGE, path="/v1/faces", method="POST"):
    answer = client.open(
        path, method=method, data=JPEG, content_type="image/jpeg", headers={"Origin": origin}
    )
    return answer.headers.get(ALLOWED)


@pytest.mark.parametrize(
    ("cors", "origin", "allowed"),
    [
        ("", PAGE, None),
        (PAGE, PAGE, PAGE),
        (f"https://b.example,{PAGE}", PAGE, PAGE),
        (PAGE, "https://evil.example", None),
        (PAGE, f"{PAGE}.evil.example", None),
        (PAGE, "null", None),
        ("*", "https://anybody.example", "*"),
    ],
)
def test_pages_of_the_settings_may_read_answers(cors, origin, allowed):
    assert told(client_of(cors), origin) == allowed


def test_what_depends_on_the_origin_says_so():
    client = client_of(PAGE)
    assert "Origin" in client.post("/v1/faces", headers={"Origin": PAGE}).headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/face", "/predict", "/face-sentiment", "/v1/about"])
def test_older_pages_may_call_from_anywhere(path):
    client = client_of()
    method = "GET" if path == "/v1/about" else "POST"
    assert told(client, path=path, method=method) == "*"
    assert client.get("/nowhere").headers.get(ALLOWED) is None
    assert client.get("/healthz").headers.get(ALLOWED) is None


@pytest.mark.parametrize("path", ["/", "/face", "/predict", "/face-sentiment", "/v1/faces"])
@pytest.mark.parametrize("keys", ["", "a-key-of-the-tests"])
def test_a_preflight_needs_no_key_and_gets_204(path, keys):
    answer = client_of(PAGE, SEMBLANCE_API_KEYS=keys).options(path, headers={"Origin": PAGE})
    assert (answer.status_code, answer.data) == (204, b"")
    assert "POST" in answer.headers["Allow"]
    assert "Content-Type" not in answer.headers
    assert answer.headers[ALLOWED] in ("*", PAGE)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_there_is_nothing_to_ask_of_a_route_that_is_not_there():
    assert client_of("*").options("/nowhere").status_code == 404


def test_a_failure_may_be_read_as_well():
    answer = client_of().post("/face", data={})
    assert (answer.status_code, answer.headers[ALLOWED]) == (400, "*")


def test_options_names_the_methods_of_all_rules_of_a_path():
    client = app_of(FileSource(None, max_bytes=1)).test_client()
    allowed = client.options("/").headers["Allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
