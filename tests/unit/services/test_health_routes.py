from services.factory import create_app
from services.inference import Inference
from tests.fakes_services import FakeEngine, settings


def test_it_is_alive_before_and_ready_after_the_warm_up():
    inference = Inference(FakeEngine(), 1)
    client = create_app([], settings(), inference=inference, delivery=None).test_client()
    assert client.get("/healthz").json == {"status": "ok"}
    cold = client.get("/readyz")
    assert cold.status_code == 503
    assert cold.headers["Retry-After"]
    inference.warm_up()
    assert client.get("/readyz").json == {"status": "ready"}
