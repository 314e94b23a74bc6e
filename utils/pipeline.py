"""The product on one screen: decode, detect, crop, classify, annotate, encode."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np

from utils import images
from utils.classifiers import Classifier
from utils.detector import Detection, Detector
from utils.faces import Analysis, Face, Opinion
from utils.images import Image, Picture
from utils.manifest import Manifest
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

    def __init__(self, manifest: Manifest, settings: Settings) -> None:
        self._settings = settings
        self._name, self._version = manifest.name, manifest.version
        self._detector = Detector(max_faces=settings.max_faces)
        self._emotion = Classifier("emotion", manifest)
        self._gender = Classifier("gender", manifest) if settings.gender else None

    @classmethod
    def load(cls, settings: Settings) -> Pipeline:
        """The networks of trained_models/. Raises `ModelError`."""
        return cls(Manifest.load(), settings)

    def warm_up(self) -> None:
        """Once through every stage with an empty picture: the first photo finds all ready."""
        blank = np.zeros((64, 64, 3), np.uint8)
        faces = self._faces(blank, [Detection((0, 0, 64, 64), 1.0)])
        self.annotate(images.encode(annotate(blank, faces), "jpeg").data, "chat")

    def analyze(self, data: bytes) -> Analysis:
        """The faces of an encoded picture.

        Raises `ImageTooLarge`, `NotAnImage` and `ImageBroken`.
        """
        return self._look(data)[1]

    def annotate(self, data: bytes, target: Target) -> Annotated:
        """As `analyze`, with the annotated picture: a chat's JPEG, or JPEG or PNG of full size."""
        image_rgb, analysis = self._look(data)
        drawn = annotate(image_rgb, analysis.faces)
        picture = (
            images.encode_for_chat(drawn) if target == "chat" else images.encode(drawn, target)
        )
        return Annotated(analysis, picture)

    def _look(self, data: bytes) -> tuple[Image, Analysis]:
        ms: dict[str, float] = {}
        limits = self._settings
        with _timed(ms, "decode"):
            image_rgb = images.decode(
                data, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels
            )
        with _timed(ms, "detect"):
            detections = self._detector.detect(image_rgb)
        with _timed(ms, "classify"):
            faces = self._faces(image_rgb, detections)
        height, width = image_rgb.shape[:2]
        return image_rgb, Analysis((width, height), faces, self._name, self._version, ms)

    def _faces(self, image_rgb: Image, detections: list[Detection]) -> tuple[Face, ...]:
        emotions = self._classify(self._emotion, image_rgb, detections)
        genders: list[Opinion] | list[None] = [None] * len(detections)
        if self._gender is not None:
            genders = self._classify(self._gender, image_rgb, detections)
        seen = zip(detections, emotions, genders, strict=True)
        return tuple(Face(d.box_xyxy, d.confidence, emotion, gender) for d, emotion, gender in seen)

    @staticmethod
    def _classify(
        classifier: Classifier, image_rgb: Image, detections: list[Detection]
    ) -> list[Opinion]:
        crops = [crop(image_rgb, d.box_xyxy, classifier.crop) for d in detections]
        return classifier.predict(crops)


@contextmanager
def _timed(ms: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    ms[stage] = (time.perf_counter() - start) * 1000
