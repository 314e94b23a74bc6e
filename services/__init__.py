"""The prediction workers: a picture goes in, faces come out, by chat or by JSON."""

VERSION = "0.1.0"
