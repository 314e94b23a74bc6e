"""What this installation is and allows: for pages and programs that adapt to it."""

from __future__ import annotations

from flask import Flask, Response, jsonify

from services.keys import Keys
from utils.images import FORMATS
from utils.labels import EMOTIONS, GENDERS
from utils.settings import Settings


def install(app: Flask, settings: Settings, keys: Keys, model: tuple[str, str]) -> None:
    """Serve `/v1/about`, without a key: nothing in it is a secret."""

    @app.get("/v1/about", endpoint="about")
    def tell() -> Response:
        name, version = model
        return jsonify(
            {
                "model": {"name": name, "version": version},
                "gender": settings.gender,
                "keys": keys.wanted,
                "max_bytes": settings.max_bytes,
                "max_pixels": settings.max_pixels,
                "max_faces": settings.max_faces,
                "formats": FORMATS,
                "emotions": EMOTIONS,
                "genders": GENDERS if settings.gender else (),
            }
        )
