"""What this installation is and allows: for pages and programs that adapt to it."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify

from utils.images import FORMATS
from utils.labels import EMOTIONS, GENDERS
from utils.settings import Settings


def facts(settings: Settings, model: tuple[str, str]) -> dict[str, Any]:
    """What it tells; `model` is name and version."""
    name, version = model
    return {
        "model": {"name": name, "version": version},
        "gender": settings.gender,
        "keys": bool(settings.api_keys),
        "max_bytes": settings.max_bytes,
        "max_pixels": settings.max_pixels,
        "max_faces": settings.max_faces,
        "formats": list(FORMATS),
        "emotions": list(EMOTIONS),
        "genders": list(GENDERS) if settings.gender else [],
    }


def install(app: Flask, settings: Settings, model: tuple[str, str]) -> None:
    """Serve `/v1/about`, without a key: nothing in it is a secret."""

    @app.get("/v1/about", endpoint="about")
    def tell() -> Response:
        return jsonify(facts(settings, model))
