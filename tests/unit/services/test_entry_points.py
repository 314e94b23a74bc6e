"""The three `create()` that gunicorn calls, with the networks of this repository."""

import importlib
import logging

import pytest

from tests.fakes_services import SECRET
from tests.unit.services.test_factory import DESCRIPTION

IMAGE = {"/classify", "/v1/faces", "/", "/face", "/face-sentiment"}
URL = {"/classify_url", "/v1/faces/url", "/predict"}
ROUTES = {"services.app_image": IMAGE, "services.app_url": URL, "services.local": IMAGE | URL}


@pytest.mark.parametrize("module", sorted(ROUTES))
def test_it_makes_an_application_that_is_ready(module, monkeypatch):
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setenv("SEMBLANCE_SECRET", SECRET)
    try:
        app = importlib.import_module(module).create()
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert app.test_client().get("/readyz").status_code == 200
    assert {rule.rule for rule in app.url_map.iter_rules()} == ROUTES[module] | {
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/about",
        *DESCRIPTION,
    }
