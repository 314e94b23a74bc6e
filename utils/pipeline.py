"""The product on one screen: decode, detect, crop, classify, annotate, encode."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from utils import images
from utils.classifiers import Classifier
from utils.detector import Detection, Detector
from utils.errors import ModelError
from utils.faces import Analysis, Face, Opinion
from utils.images import Image, Picture
from utils.manifest import MODELS, Manifest
from utils.preprocessor import crop
from utils.settings import Settings
from utils.visualizer import annotate

Target = Literal["chat", "jpeg", "png"]


@dataclass(frozen=True)
class Annotated:
    """What was seen, and the picture that shows it."""

    analysis: Analysis
    picture: Picture


class Pipeline:
    """The whole way of a photo; loaded once a process, used from several threads."""

    def __init__(
        self,
        detector: Detector,
        emotion: Classifier,
        gender: Classifier | None,
        settings: Settings,
    ) -> None:
        self._settings = settings
        self._detector = detector
        self._emotion, self._gender = emotion, gender
        self._name, self._version = _model_of(emotion, gender)

    @classmethod
    def load(cls, settings: Settings) -> Pipeline:
        """The networks of trained_models/, or those that the settings name. Raises `ModelError`."""
        emotion = _classifier("emotion", settings.emotion_model)
        gender = _classifier("gender", settings.gender_model) if settings.gender else None
        detector = Detector(Manifest.load(), max_faces=settings.max_faces, px=settings.detect_px)
        return cls(detector, emotion, gender, settings)

    def warm_up(self) -> None:
        """Once through every stage with an empty picture: the first photo finds all ready."""
        blank = np.zeros((320, 320, 3), np.uint8)
        faces = self._faces(blank, [Detection((0, 0, 64, 64), 1.0)])
        annotate(blank, faces)
        self.annotate(images.encode(blank, "jpeg").data, "chat")

    def analyze(self, data: bytes) -> Analysis:
        """The faces of an encoded picture.

        Raises `ImageTooLarge`, `NotAnImage` and `ImageBroken`.
        """
        return self._look(data, {})[1]

    def annotate(self, data: bytes, target: Target) -> Annotated:
        """As `analyze`, with the annotated picture: a chat's JPEG, or JPEG or PNG of full size."""
        ms: dict[str, float] = {}
        image_rgb, analysis = self._look(data, ms)
        with _timed(ms, "annotate"):
            annotate(image_rgb, analysis.faces)
        with _timed(ms, "encode"):
            picture = (
                images.encode_for_chat(image_rgb)
                if target == "chat"
                else images.encode(image_rgb, target)
            )
        # The analysis holds this same `ms`, and with it the two stages that came after.
        return Annotated(analysis, picture)

    def _look(self, data: bytes, ms: dict[str, float]) -> tuple[Image, Analysis]:
        limits = self._settings
        with _timed(ms, "decode"):
            image_rgb = images.decode(
                data, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels
            )
        with _timed(ms, "detect"):
            detected = self._detector.detect(image_rgb)
        with _timed(ms, "classify"):
            faces = self._faces(image_rgb, detected.faces)
        height, width = image_rgb.shape[:2]
        return image_rgb, Analysis(
            (width, height), faces, self._name, self._version, ms, found=detected.found
        )

    def _faces(self, image_rgb: Image, detections: Sequence[Detection]) -> tuple[Face, ...]:
        emotions = self._classify(self._emotion, image_rgb, detections)
        genders: list[Opinion] | list[None] = [None] * len(detections)
        if self._gender is not None:
            genders = self._classify(self._gender, image_rgb, detections)
        seen = zip(detections, emotions, genders, strict=True)
        return tuple(
            Face(d.box_xyxy, d.confidence, emotion, gender, d.landmarks)
            for d, emotion, gender in seen
        )

    @staticmethod
    def _classify(
        classifier: Classifier, image_rgb: Image, detections: Sequence[Detection]
    ) -> list[Opinion]:
        crops = [crop(image_rgb, d.box_xyxy, classifier.crop, d.landmarks) for d in detections]
        return classifier.predict(crops)


def _classifier(name: str, folder: Path | None) -> Classifier:
    if folder is None:
        return Classifier(name, Manifest.load())
    try:
        return Classifier(name, Manifest.load(folder))
    except ModelError as error:
        raise ModelError(f"SEMBLANCE_{name.upper()}_MODEL: {error}") from None


def _model_of(*classifiers: Classifier | None) -> tuple[str, str]:
    """Name and version of what answers: of two manifests both, ours first, joined by a plus."""
    manifests = [classifier.manifest for classifier in classifiers if classifier is not None]
    manifests.sort(key=lambda manifest: manifest.folder != MODELS)
    named = list(dict.fromkeys((manifest.name, manifest.version) for manifest in manifests))
    return "+".join(name for name, _ in named), "+".join(version for _, version in named)


@contextmanager
def _timed(ms: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    ms[stage] = (time.perf_counter() - start) * 1000
