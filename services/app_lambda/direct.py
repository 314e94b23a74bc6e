"""A call without HTTP: `{"url": ...}` in, seven probabilities out, as an older system has it."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from services.inference import Inference
from services.older_labels import seven
from services.single_face import ONE_FACE, face_of
from utils.errors import BadRequest, SemblanceError

_log = logging.getLogger("services.app_lambda")
_HOW = 'Send {"url": "https://..."}, or call over HTTP.'


class Fetches(Protocol):
    """`services.app_url.fetch.Fetcher`, as far as it is used here."""

    def fetch(self, url: str) -> bytes:
        """The bytes behind a URL."""


class Direct:
    """Whoever may call it has a permission of AWS, so that no API key is asked for."""

    def __init__(self, fetcher: Fetches, inference: Inference) -> None:
        self._fetcher, self._inference = fetcher, inference

    def answer(self, event: Any) -> dict[str, float]:
        """Seven labels of the largest face.

        Raises what fetching and looking do, with the public sentence as its text: Lambda tells the
        caller type and text.
        """
        try:
            url = event.get("url") if isinstance(event, dict) else None
            if not isinstance(url, str) or not url:
                raise BadRequest("an event that is neither HTTP nor a url", sentence=_HOW)
            data = self._fetcher.fetch(url)
            return seven(face_of(self._inference.analyze(data, ONE_FACE)).emotion)
        except SemblanceError as error:
            facts = {"code": error.code, "reason": error.reason}
            _log.info("%s: %s", type(error).__name__, error, extra={"facts": facts})
            raise type(error)(error.public_sentence) from None
        except Exception as error:  # noqa: BLE001 - its text may be anything
            _log.exception("%s, which nobody foresaw", type(error).__name__)
            raise SemblanceError(SemblanceError.sentence) from None
