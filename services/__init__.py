"""The prediction workers: a picture goes in, faces come out, by chat or by JSON."""

from utils import VERSION

__all__ = ["VERSION"]
