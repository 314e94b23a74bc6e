"""Which format a file begins like, and a sentence for those that people send and we do not read."""

from __future__ import annotations

from utils.errors import NotAnImage
from utils.headers.judgement import Form

FORMS: tuple[Form, ...] = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
HEAD_BYTES = 1024

_BEGINNINGS: tuple[tuple[bytes, Form], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    # Little and big endian, the second pair with offsets of eight bytes (BigTIFF).
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)
_INSTEAD = "Please send it as a JPEG or PNG."
_SENTENCES = {
    "svg": f"This is a drawing in SVG, not a photo. {_INSTEAD}",
    "pdf": "This is a PDF. Please send the photo in it as a JPEG or PNG.",
    "heic": f"I cannot read HEIC pictures. {_INSTEAD}",
    "avif": f"I cannot read AVIF pictures. {_INSTEAD}",
    "jxl": f"I cannot read JPEG XL pictures. {_INSTEAD}",
    "jpeg2000": f"I cannot read JPEG 2000 pictures. {_INSTEAD}",
    "video": "This is a video. Please send me a photo.",
}
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def form_of(head: bytes) -> Form:
    """The format of ours that a file's first bytes (`HEAD_BYTES`; 16 may do) announce.

    Raises `NotAnImage`, whose reason names the formats that are often sent all the same.
    """
    for beginning, form in _BEGINNINGS:
        if head.startswith(beginning):
            return form
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    name = _name_of(head)
    raise NotAnImage(
        f"begins like {name or 'no known format'}", reason=name, sentence=_SENTENCES.get(name)
    )


def _name_of(head: bytes) -> str:
    if head[4:8] == b"ftyp":
        return _name_of_boxes(head)
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return "jxl"
    if head.startswith((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "jpeg2000"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"%PDF-"):
        return "pdf"
    return "svg" if text.startswith(b"<") and b"<svg" in text.lower() else ""


def _name_of_boxes(head: bytes) -> str:
    """Of ISO 14496-12, which pictures and videos share: by the major brand, then the others."""
    end = min(len(head), int.from_bytes(head[:4], "big"))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end, 4))]
    if any(brand in (b"avif", b"avis") for brand in brands):
        return "avif"
    return "heic" if any(brand in _HEIC for brand in brands) else "video"
