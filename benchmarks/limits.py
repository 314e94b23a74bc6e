"""Settings under which a crowd may write as fast as it can: what is measured is the work."""

from __future__ import annotations

NOBODY_IS_LIMITED = {
    "SEMBLANCE_QUEUE_PER_CHAT": "1000000",
    "SEMBLANCE_USER_RATE": "0",
    "SEMBLANCE_CHAT_RATE": "0",
    "SEMBLANCE_SYSTEM_RATE": "0",
    "SEMBLANCE_USER_BYTES_PER_HOUR": "0",
}
