"""What Lambda imports and then calls.

The import is Lambda's init phase: networks are loaded and warm before the first event. A setting or
a network that is unusable fails it with one sentence, which Lambda shows as `errorMessage`.
"""

from __future__ import annotations

from services import request_ids
from services.app_lambda.handler import handler_of
from utils import logs, memory
from utils.pipeline import Pipeline
from utils.settings import Settings

memory.keep_free_blocks()
settings = Settings.load()
logs.configure("app_lambda", settings.log, request_id=request_ids.current)
handler = handler_of(settings, Pipeline.load(settings))
