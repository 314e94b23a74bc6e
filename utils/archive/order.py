"""What is asked for every photo of an archive: small, and the same in every process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from utils.settings import Settings

# What of the settings decides an analysis; secrets stay where they are.
_SETTINGS = (
    *("max_bytes", "max_pixels", "max_faces", "detect_px"),
    *("gender", "emotion_model", "gender_model"),
    *("url_connect_timeout_s", "url_timeout_s", "url_redirects"),
)


@dataclass(frozen=True)
class Order:
    """`settings` and `options` by name; `marked`: the folder of annotated pictures, or `-`."""

    settings: tuple[tuple[str, Any], ...]
    options: tuple[tuple[str, Any], ...] = ()
    marked: str | None = None

    @classmethod
    def of(cls, settings: Settings, options: Mapping[str, Any], marked: str | None = None) -> Order:
        """From an operator's settings and a user's options (fields of `utils.pipeline.Options`)."""
        kept = {name: getattr(settings, name) for name in _SETTINGS}
        if options.get("gender") is False:
            kept["gender"] = False  # its network is then not even loaded
        return cls(tuple(kept.items()), tuple(options.items()), marked)
