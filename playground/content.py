"""What a message of the bot holds: texts, captions, photos, documents and buttons, all checked."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from typing import Any

from playground import markup, pictures
from playground.chats import Message
from playground.errors import BadCall
from playground.files import FileStore
from playground.parameters import Call, Upload

MAX_TEXT = 4096
MAX_CAPTION = 1024


def text_of(call: Call) -> Message:
    """The text of sendMessage and editMessageText."""
    text, found = markup.parse(call.text("text"), call.text("parse_mode"), call, "entities")
    if not text:
        raise BadCall("message text is empty")
    if len(text) > MAX_TEXT:
        raise BadCall("message is too long")
    return {"text": text} | ({"entities": found} if found else {})


def caption_of(call: Call) -> Message:
    """The caption of a photo or document."""
    text, found = markup.parse(
        call.text("caption"), call.text("parse_mode"), call, "caption_entities"
    )
    if len(text) > MAX_CAPTION:
        raise BadCall("message caption is too long")
    caption = {"caption": text} if text else {}
    return caption | ({"caption_entities": found} if found else {})


def upload_of(call: Call, store: FileStore, source: str, kind: str) -> Upload:
    """The file behind a parameter: an upload, `attach://NAME` or the file_id of an earlier one."""
    name = source.removeprefix("attach://") or kind
    if name in call.files and name != source:
        return call.files[name]
    if not source or source.startswith("attach://"):
        raise BadCall(f"there is no {kind} in the request")
    if "://" in source:
        # Telegram would fetch this URL; a playground that promises to stay on this machine cannot.
        raise BadCall("failed to get HTTP URL content")
    file = store.by_file_id(source)
    if file is None:
        raise BadCall("wrong file identifier/HTTP URL specified")
    if not file.path.startswith(kind):
        raise BadCall("type of file mismatch")
    return Upload(file.data, PurePosixPath(file.path).name, file.mime_type)


def photo(store: FileStore, upload: Upload) -> Message:
    """A bot's photo as Telegram makes it: checked and recompressed."""
    if not upload.data:
        raise BadCall("file must be non-empty")
    try:
        pictures.check_upload(upload.data)
        return {"photo": sizes(store, upload.data)}
    except pictures.PictureRefused as refused:
        raise BadCall(refused.reason) from None


def sizes(store: FileStore, data: bytes) -> list[dict[str, Any]]:
    """The PhotoSizes of a picture, smallest first. Raises `PictureRefused`."""
    return [_size(store, copy) for copy in pictures.photo_sizes(data)]


def _size(store: FileStore, copy: pictures.Size) -> dict[str, Any]:
    file = store.add(copy.data, folder="photos", extension=".jpg", mime_type="image/jpeg")
    return {
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "width": copy.width,
        "height": copy.height,
        "file_size": len(copy.data),
    }


def document(store: FileStore, upload: Upload) -> Message:
    """A file that keeps its bytes, its name and its type."""
    if not upload.data:
        raise BadCall("file must be non-empty")
    name = PurePosixPath(upload.name.replace("\\", "/")).name or "file"
    mime_type = upload.mime_type
    if not mime_type or mime_type == "application/octet-stream":
        mime_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = store.add(
        upload.data,
        folder="documents",
        extension=PurePosixPath(name).suffix.lower(),
        mime_type=mime_type,
    )
    shape = {
        "file_name": name,
        "mime_type": mime_type,
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": len(upload.data),
    }
    return {"document": shape | _thumbnail(store, upload.data, mime_type)}


def _thumbnail(store: FileStore, data: bytes, mime_type: str) -> dict[str, Any]:
    if not mime_type.startswith("image/"):
        return {}
    try:
        small = [copy for copy in pictures.photo_sizes(data) if max(copy.width, copy.height) <= 320]
    except pictures.PictureRefused:
        return {}
    return {"thumbnail": _size(store, small[-1])} if small else {}


def buttons_of(call: Call) -> Message:
    """The inline keyboard under a message; other keyboards are checked and left out."""
    shape = call.parsed("reply_markup", "reply keyboard markup")
    if shape is None:
        return {}
    if not isinstance(shape, dict):
        raise BadCall("object expected as reply markup")
    rows = shape.get("inline_keyboard")
    if rows is None:
        return {}
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise BadCall(
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
        )
    checked = [[_button(button) for button in row] for row in rows if row]
    return {"reply_markup": {"inline_keyboard": checked}} if checked else {}


def _button(shape: Any) -> dict[str, str]:
    problem = "can't parse inline keyboard button: "
    if not isinstance(shape, dict):
        raise BadCall(problem + "InlineKeyboardButton must be an Object")
    text, url, data = (shape.get(name, "") for name in ("text", "url", "callback_data"))
    if not isinstance(text, str) or not text:
        raise BadCall(problem + 'Can\'t find field "text"')
    if url:
        return {"text": text, "url": str(url)}
    if not data:
        raise BadCall(problem + "Text buttons are unallowed in the inline keyboard")
    if len(str(data).encode()) > 64:
        raise BadCall("BUTTON_DATA_INVALID")
    return {"text": text, "callback_data": str(data)}
