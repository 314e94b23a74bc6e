import pytest

from services.app_image.source import FileSource
from tests.fakes_services import app_of


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/Prod", 200),
        ("/Prod/", 200),
        ("/Prod/healthz", 200),
        ("/Prod/v1/about", 200),
        ("/Prod/nowhere", 404),
        ("/Production", 404),
        ("/prod/healthz", 404),
        ("/Prod/Prod/healthz", 404),
    ],
)
def test_the_stage_is_taken_off_once(path, status):
    client = app_of(FileSource(None, max_bytes=1)).test_client()
    assert client.get(path).status_code == status
