"""Which events are HTTP requests, and the paths of those.

API Gateway calls a REST API's events version 1.0 and an HTTP API's 2.0; a Function URL sends 2.0.
"""

from __future__ import annotations

from typing import Any


def is_http(event: Any) -> bool:
    """Whether a caller waits for an HTTP answer."""
    return isinstance(event, dict) and (
        "httpMethod" in event or "http" in (event.get("requestContext") or {})
    )


def without_stage(event: dict[str, Any]) -> dict[str, Any]:
    """The event, its path as the application knows it.

    Version 2.0 puts the stage before the path, unless it is the default one. 1.0 does not.
    """
    stage = event["requestContext"].get("stage") if "rawPath" in event else None
    if stage is None or not f"{event['rawPath']}/".startswith(f"/{stage}/"):
        return event
    return event | {"rawPath": event["rawPath"].removeprefix(f"/{stage}") or "/"}
