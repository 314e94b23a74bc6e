"""API keys: once the operator sets any, the public routes want one of them."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from utils.settings import Secret


def require(keys: Sequence[Secret]) -> None:
    """Raise 401 unless the request carries one of `keys`; without keys the API is open."""
    if not keys:
        return
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    presented = given.strip().encode("utf-8", "replace")
    # Every key is compared, so that the time taken does not tell which one was nearly right.
    matches = [hmac.compare_digest(presented, key.reveal().encode()) for key in keys]
    if scheme.lower() != "bearer" or not any(matches):
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "semblance"}))
