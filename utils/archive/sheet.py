"""CSV: a face a row, for spreadsheets; a photo without a face, or with an error, has one row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from utils.archive.lines import name_of
from utils.errors import OutputError
from utils.labels import EMOTIONS

# `face` counts from 1 to `faces`: so it can be seen whether a photo's rows are all there.
COLUMNS = (
    *("photo", "width", "height", "faces", "face", "x0", "y0", "x1", "y1", "confidence"),
    *("emotion", "emotion_probability", "emotion_sure"),
    *("gender", "gender_probability", "gender_sure"),
    *EMOTIONS,
    *("error", "message", "photo_base64"),
)


class Sheet:
    """Results as CSV in UTF-8, fields quoted where they must be."""

    head = ",".join(COLUMNS).encode() + b"\n"

    def encoded(self, result: dict[str, Any]) -> bytes:
        """The rows of one photo."""
        text = io.StringIO()
        # Python before 3.13 takes a lone carriage return for nothing that needs quotes.
        quoting: Literal[0, 1] = csv.QUOTE_ALL if "\r" in result["photo"] else csv.QUOTE_MINIMAL
        writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n", quoting=quoting)
        writer.writerows(_rows(result))
        return text.getvalue().encode("utf-8")

    def read(self, file: BinaryIO) -> Iterator[tuple[str, int]]:
        """Of every photo with all its rows its name and where they end. Raises `OutputError`."""
        head = file.readline()
        if self.head.startswith(head) and head != self.head:
            return
        if head != self.head:
            raise OutputError("its first line is not this command's")
        tally = _Tally(file, len(head))
        reader = csv.DictReader(tally, COLUMNS, strict=True)
        try:
            for row in reader:
                if not tally.whole:
                    return
                if row["face"] == row["faces"]:
                    yield _name(row), tally.end
        except csv.Error:
            if file.read(1):
                raise OutputError(f"line {reader.line_num} is damaged") from None
            # A quoted field that never ends: the last row was torn within it.
            return
        except (ValueError, KeyError, TypeError):
            line = reader.line_num + 1
            raise OutputError(f"line {line} was not written by this command") from None


class _Tally:
    """The lines of a file as text, with the position after the last one that was asked for."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file, self.end, self.whole = file, end, True

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self.end += len(line)
            self.whole = line.endswith(b"\n")
            yield line.decode("utf-8", "strict" if self.whole else "replace")


def _name(row: dict[str | Any, Any]) -> str:
    if row["photo_base64"] is None or None in row:
        raise ValueError("a row of another length")
    return name_of({k: v for k, v in row.items() if v or k == "photo"})


def _rows(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    photo: dict[str, Any] = {key: result[key] for key in ("photo", "photo_base64") if key in result}
    if "error" in result:
        error = result["error"]
        yield photo | {"error": error["code"], "message": error["message"], "faces": 0, "face": 0}
        return
    width, height = result["size_wh"]
    faces = result["faces"]
    photo |= {"width": width, "height": height, "faces": len(faces)}
    if not faces:
        yield photo | {"face": 0}
    for number, face in enumerate(faces, 1):
        box = dict(zip(("x0", "y0", "x1", "y1"), face["box_xyxy"], strict=True))
        row = photo | {"face": number, "confidence": face["confidence"]} | box
        for about in ("emotion", "gender"):
            if about in face:
                opinion = face[about]
                row[about] = opinion["label"]
                row[f"{about}_probability"] = opinion["probability"]
                row[f"{about}_sure"] = str(opinion["sure"]).lower()
        yield row | face["emotion"]["probabilities"]
