from gunicorn.http.errors import InvalidChunkSize

from services import broken_bodies
from tests.fakes_services import app_of


def test_a_body_that_breaks_off_in_its_chunks_is_a_bad_request():
    app = app_of()
    broken_bodies.install(app)

    @app.get("/break")
    def fail():
        raise InvalidChunkSize(b"zz")

    answer = app.test_client().get("/break")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request")
