"""The internal route: a signed job comes in, the picture goes into its chat, 200 says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from services import request_ids
from services.gate import Gate
from services.inference import Inference
from services.metrics import Metrics
from services.nonces import Nonces
from services.source import Source
from utils.errors import BadRequest, NotSigned, SettingsError
from utils.jobs import Job
from utils.settings import Secret
from utils.signature import SIGNATURE_HEADER, check, unsigned

if TYPE_CHECKING:
    from services.delivery import Delivery

MAX_JOB_BYTES = 16 * 1024
# Twice as many as the connections to Telegram; every one of them holds its picture in memory.
AT_ONCE = 32


def install(
    app: Flask,
    source: Source,
    inference: Inference,
    *,
    delivery: Delivery | None,
    secret: Secret | None,
    nonces: Nonces,
    metrics: Metrics,
) -> None:
    """Serve `source.job_route`."""
    gate = Gate(AT_ONCE, name=source.job_route)
    metrics.expect(source.job_route)

    @app.post(source.job_route, endpoint=f"{source.name}.job")
    def answer_job() -> Response:
        with _signed_job(secret, nonces) as job:
            faces = done(job)
        g.outcome = "answered" if faces else "answered_no_face"
        return jsonify({"success": 1, "faces": faces, "request_id": request_ids.current()})

    def done(job: Job) -> int:
        """Do a job; the faces in its picture."""
        if job.kind != source.kind:
            raise BadRequest(f"a job of kind {job.kind} for {source.name}")
        if delivery is None:
            raise SettingsError("TELEGRAM_TOKEN is not set, so nothing can be answered in a chat.")
        with metrics.photo(source.job_route) as saw, gate.place():
            inference.require_room()
            annotated = inference.annotate_job(source.picture_of(job))
            saw(annotated.analysis)
            with metrics.stage("deliver"):
                delivery.deliver(job, annotated)
        return len(annotated.analysis.faces)


@contextmanager
def _signed_job(secret: Secret | None, nonces: Nonces) -> Iterator[Job]:
    """The job of this request, whose signature is good for the length of the block alone.

    Raises `NotSigned`, before reading more than a job can take.
    """
    signature = request.headers.get(SIGNATURE_HEADER)
    if secret is None or signature is None:
        raise unsigned()
    request.max_content_length = MAX_JOB_BYTES
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise NotSigned("a job larger than any that the bot signs", reason="too_large") from None
    with nonces.held(check(signature, body, secret)):
        yield Job.decode(body)
