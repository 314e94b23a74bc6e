"""The people's side over HTTP: what the page and the tests use (described in the package)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request

from playground import content, markup, pictures
from playground.chats import Message
from playground.errors import BadCall, PersonRefused
from playground.parameters import Call, Upload, as_strings
from playground.profile import FIRST_NAME, USERNAME
from playground.state import Playground

MAX_ALBUM = 10
_MAX_CHAT_ID = 2**52
_MAX_WAIT_S = 25.0


def blueprint(playground: Playground) -> Blueprint:
    """The routes of one playground."""
    routes = Blueprint("people", __name__, url_prefix="/api")

    @routes.post("/chats/<int:chat_id>/messages")
    def write(chat_id: int) -> tuple[Response, int]:
        _check_chat_id(chat_id)
        call, uploads = _read()
        contents = _contents(playground, call, uploads)
        chat = playground.open_chat(chat_id, call.text("language")[:16])
        message_ids, update_ids = playground.write(chat, contents)
        return jsonify(message_ids=message_ids, update_ids=update_ids), 201

    @routes.post("/chats/<int:chat_id>/presses")
    def press(chat_id: int) -> tuple[Response, int]:
        call, _ = _read()
        chat = playground.chat(chat_id)
        entry = chat.find(call.whole("message_id")) if chat else None
        message = entry.message if entry else None
        if chat is None or message is None or call.text("data") not in _button_data(message):
            raise PersonRefused(404, "no_button", "This button is no longer there.")
        return jsonify(update_ids=playground.press(chat, message, call.text("data"))), 201

    @routes.get("/chats/<int:chat_id>/messages")
    def changes(chat_id: int) -> Response:
        wait_s = max(0.0, min(_MAX_WAIT_S, request.args.get("wait_s", 0.0, type=float)))
        after = request.args.get("after_revision", 0, type=int)
        return jsonify(playground.changes(chat_id, after, wait_s))

    @routes.get("/files/<unique_id>")
    def file(unique_id: str) -> Response:
        found = playground.files.by_unique_id(unique_id)
        if found is None:
            raise PersonRefused(404, "file_gone", "The playground no longer keeps this file.")
        return _download(found.data, found.mime_type, request.args.get("name", ""))

    @routes.get("/bot")
    def bot() -> Response:
        profile = playground.profile
        return jsonify(
            run=playground.run,
            username=USERNAME,
            first_name=FIRST_NAME,
            online=playground.updates.online,
            commands=profile.commands.get(("default", ""), []),
            description=profile.descriptions.get(("description", ""), ""),
        )

    @routes.get("/log")
    def log() -> Response:
        return jsonify(calls=playground.log.after(request.args.get("after", 0, type=int)))

    @routes.errorhandler(PersonRefused)
    def refuse(error: PersonRefused) -> tuple[Response, int]:
        body = {"error": {"code": error.code, "message": error.description}}
        return jsonify(body), error.status

    return routes


def _check_chat_id(chat_id: int) -> None:
    if not 0 < chat_id < _MAX_CHAT_ID:
        raise PersonRefused(400, "bad_chat_id", "A chat id is a number from 1 to 2^52.")


def _read() -> tuple[Call, list[Upload]]:
    values: dict[str, Any] = dict(request.form)
    if request.is_json:
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise PersonRefused(400, "bad_request", "The body is not a JSON object.")
        values = as_strings(body)
    uploads = [
        Upload(file.stream.read(), file.filename or "", file.mimetype)
        for file in request.files.getlist("photo")
    ]
    return Call("person", values), uploads


def _contents(playground: Playground, call: Call, uploads: list[Upload]) -> list[Message]:
    try:
        text, found = markup.parse(call.text("text"), "", call, "entities")
    except BadCall as error:
        raise PersonRefused(400, "bad_entities", error.description) from None
    if not uploads:
        if not text:
            raise PersonRefused(400, "empty", "Write something, or choose a photo.")
        if len(text) > content.MAX_TEXT:
            raise PersonRefused(413, "too_long", "A message has at most 4,096 characters.")
        return [{"text": text} | ({"entities": found} if found else {})]
    if len(uploads) > MAX_ALBUM:
        raise PersonRefused(413, "too_many", f"An album has at most {MAX_ALBUM} photos.")
    if len(text) > content.MAX_CAPTION:
        raise PersonRefused(413, "too_long", "A caption has at most 1,024 characters.")
    contents = [_file(playground, upload, as_file=call.flag("as_file")) for upload in uploads]
    if text:
        contents[0] |= {"caption": text} | ({"caption_entities": found} if found else {})
    return contents


def _file(playground: Playground, upload: Upload, *, as_file: bool) -> Message:
    name = upload.name or "This file"
    if not upload.data:
        raise PersonRefused(422, "empty_file", f"{name} is empty.")
    if as_file:
        return content.document(playground.files, upload)
    try:
        return {"photo": content.sizes(playground.files, upload.data)}
    except pictures.PictureRefused:
        sentence = f"{name} cannot be sent as a photo. Try it as a file."
        raise PersonRefused(422, "not_a_photo", sentence) from None


def _button_data(message: Message) -> set[str]:
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["callback_data"] for row in rows for button in row if "callback_data" in button}


def _download(data: bytes, mime_type: str, name: str) -> Response:
    # Only pictures are shown in place: a document could be a page with scripts of its own.
    shown = mime_type in ("image/jpeg", "image/png", "image/gif", "image/webp") and not name
    response = Response(data, mimetype=mime_type if shown else "application/octet-stream")
    if not shown:
        response.headers.set("Content-Disposition", "attachment", filename=name or "file")
    response.headers["Cache-Control"] = "private, max-age=86400, immutable"
    return response
