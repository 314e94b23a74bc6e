"""Answers that Lambda would not hand out: beyond 6 MB it fails the call, and tells nobody why."""

from __future__ import annotations

from flask import Flask, Response

from services import problems
from utils.errors import ImageTooLarge

# 6 MB hold so much as base64, with a head beside it.
MAX_BYTES = 4_700_000


def install(app: Flask) -> None:
    """Answer 413 in place of what is too large."""

    @app.after_request
    def judge(answer: Response) -> Response:
        size = answer.content_length or 0
        if size <= MAX_BYTES:
            return answer
        return problems.answer_to(
            ImageTooLarge(
                f"an answer of {size} bytes",
                sentence="The annotated picture is too large to be sent back from here. Ask for "
                "image/jpeg in place of image/png, or send a smaller picture.",
            )
        )
