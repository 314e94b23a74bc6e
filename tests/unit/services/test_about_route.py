from services.app_image.source import FileSource
from tests.fakes_services import app_of
from utils.labels import EMOTIONS


def about(**environ):
    return app_of(FileSource(None, max_bytes=1), **environ).test_client().get("/v1/about").json


def test_it_tells_what_is_allowed():
    told = about(SEMBLANCE_MAX_FACES="7")
    assert told["model"] == {"name": "fake", "version": "1"}
    assert (told["max_faces"], told["max_bytes"], told["max_pixels"]) == (7, 20_000_000, 50_000_000)
    assert told["emotions"] == list(EMOTIONS)
    assert (told["gender"], told["genders"]) == (True, ["woman", "man"])
    assert not told["keys"]


def test_it_needs_no_key_and_tells_none():
    told = about(SEMBLANCE_API_KEYS="a-key-of-the-tests", SEMBLANCE_GENDER="off")
    assert (told["keys"], told["gender"], told["genders"]) == (True, False, [])
    assert "a-key-of-the-tests" not in str(told)
