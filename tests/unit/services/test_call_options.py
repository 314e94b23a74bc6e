import pytest

from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from tests.fakes_services import JPEG, FakeEngine, FakeFetcher, app_of
from utils.pipeline import ALL, Options


def ask(query, engine=None, **headers):
    sources = FileSource(None, max_bytes=10**6), UrlSource(FakeFetcher())
    client = app_of(*sources, engine=engine).test_client()
    return client.post(f"/v1/faces{query}", data=JPEG, content_type="image/jpeg", headers=headers)


@pytest.mark.parametrize("accept", ["application/json", "image/png"])
@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", ALL),
        ("?something=else", ALL),
        ("?max_faces=3", Options(max_faces=3)),
        ("?min_face_px=0", ALL),
        ("?min_face_px=40&gender=off", Options(min_face_px=40, gender=False)),
        ("?gender=on&blur=none&emoji=off", ALL),
        ("?blur=faces&emoji=on", Options(blur=True, emoji=True)),
    ],
)
def test_the_query_says_what_is_wanted(query, options, accept):
    engine = FakeEngine()
    assert ask(query, engine, Accept=accept).status_code == 200
    assert engine.asked == [options]


@pytest.mark.parametrize(
    "query",
    [
        "max_faces=0",
        "max_faces=-1",
        "max_faces=",
        "max_faces=1.5",
        "max_faces=9999",
        "max_faces=%D9%A3",
        "min_face_px=many",
        "gender=yes",
        "gender=",
        "blur=face",
        "emoji=1",
    ],
)
def test_a_value_that_is_none_is_400_and_named(query):
    answer = ask(f"?{query}")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request")
    assert query.partition("=")[0] in answer.json["error"]["message"]
