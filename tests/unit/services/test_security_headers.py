import pytest

from tests.fakes_services import app_of


@pytest.mark.parametrize("path", ["/healthz", "/nowhere"])
def test_every_answer_forbids_storing_guessing_and_framing(path):
    headers = app_of().test_client().get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
