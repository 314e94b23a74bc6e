"""The internal route: a signed job comes in, the picture goes into its chat, 200 says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from services import request_ids
from services.gate import Gate
from services.inference import Inference
from services.metrics import Metrics
from services.source import Source
from utils.errors import BadRequest, NotSigned, SettingsError
from utils.jobs import SIGNATURE_HEADER, Job, is_signed
from utils.settings import Secret

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
    metrics: Metrics,
) -> None:
    """Serve `source.job_route`."""
    gate = Gate(AT_ONCE, name=source.job_route)
    metrics.expect(source.job_route)

    @app.post(source.job_route, endpoint=f"{source.name}.job")
    def answer_job() -> Response:
        job = _signed_job(secret)
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
        faces = len(annotated.analysis.faces)
        g.outcome = "answered" if faces else "answered_no_face"
        return jsonify({"success": 1, "faces": faces, "request_id": request_ids.current()})


def _signed_job(secret: Secret | None) -> Job:
    """The job of this request. Raises `NotSigned`, before reading more than a job can take."""
    signature = request.headers.get(SIGNATURE_HEADER)
    if secret is None or signature is None:
        raise NotSigned("a job without a signature, or no SEMBLANCE_SECRET to check it")
    request.max_content_length = MAX_JOB_BYTES
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise NotSigned("a job larger than any that the bot signs") from None
    if not is_signed(body, signature, secret):
        raise NotSigned("a wrong signature: is SEMBLANCE_SECRET the same as the bot's?")
    return Job.decode(body)
