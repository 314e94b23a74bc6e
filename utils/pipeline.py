"""The product on one screen: decode, detect, crop, classify, annotate, encode."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from utils import images
from utils.classifiers import Classifier
from utils.decoder import decoders
from utils.detector import Detection, Detector
from utils.errors import ModelError
from utils.faces import Analysis, Face, Opinion
from utils.images import Image, Picture
from utils.manifest import MODELS, Manifest
from utils.preprocessor import crop
from utils.settings import Settings
from utils.visualizer import annotate, blur

Target = Literal["chat", "jpeg", "png"]


@dataclass(frozen=True)
class Options:
    """What one caller asks for, within what the operator allows.

    The `max_faces` largest faces, and of those the ones at least `min_face_px` wide or high;
    `gender` False leaves it out. `whole_up_to_px`: where no face is found in a picture whose long
    side is at most this, all of it is taken for one, cut out already. In the annotated picture
    `blur` makes every face unknowable, also those left out, and `emoji` adds pictograms.

    Raises `ValueError` where a number is out of its range.
    """

    max_faces: int | None = None
    min_face_px: int = 0
    gender: bool = True
    whole_up_to_px: int = 0
    blur: bool = False
    emoji: bool = False

    def __post_init__(self) -> None:
        if self.max_faces is not None and self.max_faces < 1:
            raise ValueError("max_faces must be at least 1")
        if self.min_face_px < 0 or self.whole_up_to_px < 0:
            raise ValueError("a number of pixels must not be negative")


ALL = Options()
_loading = threading.Lock()


@dataclass(frozen=True)
class _Seen:
    """A decoded picture, what was said of it, and every face in it, also those left out."""

    image_rgb: Image
    analysis: Analysis
    detections: Sequence[Detection]


@dataclass(frozen=True)
class Annotated:
    """What was seen, and the picture that shows it."""

    analysis: Analysis
    picture: Picture


class Pipeline:
    """The whole way of a photo; loaded once a process, used from several threads.

    `model` is name and version of what answers, `max_bytes` the most that a picture may have.
    """

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
        self.model = _model_of(emotion, gender)
        self.max_bytes = settings.max_bytes

    @classmethod
    def load(cls, settings: Settings) -> Pipeline:
        """The networks of trained_models/, or those that the settings name. Raises `ModelError`."""
        emotion = _classifier("emotion", settings.emotion_model)
        gender = _classifier("gender", settings.gender_model) if settings.gender else None
        detector = Detector(Manifest.load(), px=settings.detect_px)
        return cls(detector, emotion, gender, settings)

    def warm_up(self) -> None:
        """Once through every stage with an empty picture: the first photo finds all ready."""
        decoders.start()
        blank = np.zeros((320, 320, 3), np.uint8)
        faces = self._faces(blank, [Detection((0, 0, 64, 64), 1.0)], ALL)
        annotate(blank, faces)
        self.annotate(images.encode(blank, "jpeg").data, "chat")

    def check(self, data: bytes) -> None:
        """Raise what `analyze` would for the size or the header of a picture, at no cost."""
        limits = self._settings
        images.check(data, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels)

    def analyze(self, data: bytes, options: Options = ALL) -> Analysis:
        """The faces of an encoded picture.

        Raises `ImageTooLarge`, `NotAnImage`, `ImageBroken` and `Unavailable`.
        """
        return self._look(data, {}, options).analysis

    def annotate(self, data: bytes, target: Target, options: Options = ALL) -> Annotated:
        """As `analyze`, with the annotated picture: a chat's JPEG, or JPEG or PNG of full size."""
        ms: dict[str, float] = {}
        seen = self._look(data, ms, options)
        with _timed(ms, "annotate"):
            if options.blur:
                for detection in seen.detections:
                    blur(seen.image_rgb, detection.box_xyxy)
            annotate(seen.image_rgb, seen.analysis.faces, emoji=options.emoji)
        with _timed(ms, "encode"):
            picture = (
                images.encode_for_chat(seen.image_rgb)
                if target == "chat"
                else images.encode(seen.image_rgb, target)
            )
        # The analysis holds this same `ms`, and with it the two stages that came after.
        return Annotated(seen.analysis, picture)

    def _look(self, data: bytes, ms: dict[str, float], options: Options) -> _Seen:
        limits = self._settings
        with _timed(ms, "decode"):
            image_rgb = images.decode(
                data, max_bytes=limits.max_bytes, max_pixels=limits.max_pixels
            )
        with _timed(ms, "detect"):
            detections = self._detector.detect(image_rgb)
        height, width = image_rgb.shape[:2]
        with _timed(ms, "classify"):
            if not detections and max(width, height) <= options.whole_up_to_px:
                detections = [Detection((0, 0, width, height), 0.0)]
                faces = self._faces(image_rgb, detections, options, whole=True)
            else:
                faces = self._faces(image_rgb, self._wanted(detections, options), options)
        analysis = Analysis((width, height), faces, *self.model, ms, found=len(detections))
        return _Seen(image_rgb, analysis, detections)

    def _wanted(self, detections: Sequence[Detection], options: Options) -> Sequence[Detection]:
        most = min(self._settings.max_faces, options.max_faces or self._settings.max_faces)
        return [each for each in detections if _side(each) >= options.min_face_px][:most]

    def _faces(
        self,
        image_rgb: Image,
        detections: Sequence[Detection],
        options: Options,
        *,
        whole: bool = False,
    ) -> tuple[Face, ...]:
        emotions = self._classify(self._emotion, image_rgb, detections, whole)
        genders: list[Opinion] | list[None] = [None] * len(detections)
        if self._gender is not None and options.gender:
            genders = self._classify(self._gender, image_rgb, detections, whole)
        seen = zip(detections, emotions, genders, strict=True)
        return tuple(
            Face(d.box_xyxy, d.confidence, emotion, gender, d.landmarks)
            for d, emotion, gender in seen
        )

    @staticmethod
    def _classify(
        classifier: Classifier, image_rgb: Image, detections: Sequence[Detection], whole: bool
    ) -> list[Opinion]:
        spec = classifier.crop
        if whole:
            # Somebody has cut it already, and what lies around the face is not there.
            spec = replace(spec, margin=0.0, shift_y=0.0)
        return classifier.predict(
            [crop(image_rgb, d.box_xyxy, spec, d.landmarks) for d in detections]
        )


def analyze(photo: bytes | str | os.PathLike[str], options: Options = ALL) -> Analysis:
    """The faces of a photo: of its bytes, or of the file at a path.

    The networks are loaded by the first call, once, and serve all threads; settings come from the
    environment. From the project's folder:

    >>> from utils.pipeline import analyze
    >>> analysis = analyze("playground/static/sample.jpg")
    >>> analysis.size_wh
    (512, 512)
    >>> [(face.emotion.label, face.emotion.sure) for face in analysis.faces]
    [('happiness', True)]

    Raises `OSError` for a file that cannot be read, `ImageTooLarge`, `NotAnImage`, `ImageBroken`,
    `Unavailable`, and at the first call `SettingsError` and `ModelError`.
    """
    pipeline = _default()
    if isinstance(photo, bytes):
        return pipeline.analyze(photo, options)
    with open(photo, "rb") as file:  # noqa: PTH123  whatever is a path, of bytes too
        return pipeline.analyze(file.read(pipeline.max_bytes + 1), options)


def _default() -> Pipeline:
    # Threads that come first at the same time would else each load one.
    with _loading:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Pipeline:
    return Pipeline.load(Settings.load())


def _side(detection: Detection) -> int:
    x0, y0, x1, y1 = detection.box_xyxy
    return max(x1 - x0, y1 - y0)


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
