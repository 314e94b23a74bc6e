from services.app_image.source import FileSource
from services.app_url.source import UrlSource
from tests.fakes_services import FakeFetcher, app_of

DESCRIPTION = {"/v1/openapi.json", "/docs", "/docs/page.css", "/docs/page.js"}


def routes(app):
    return {rule.rule for rule in app.url_map.iter_rules()}


def test_each_service_has_the_routes_of_its_source_alone():
    image = routes(app_of(FileSource(None, max_bytes=1)))
    url = routes(app_of(UrlSource(FakeFetcher())))
    own = {"/healthz", "/readyz", "/metrics", "/v1/about", *DESCRIPTION}
    assert image == own | {"/classify", "/v1/faces", "/", "/face", "/face-sentiment"}
    assert url == own | {"/classify_url", "/v1/faces/url", "/predict"}


def test_one_app_may_serve_both():
    app = app_of(FileSource(None, max_bytes=1), UrlSource(FakeFetcher()))
    assert {"/classify", "/classify_url"} <= routes(app)


def test_a_route_matches_exactly():
    client = app_of(FileSource(None, max_bytes=1)).test_client()
    for path in ("/classify/", "/classify_anything", "/v1/faces/", "/v1"):
        assert client.post(path).status_code == 404
