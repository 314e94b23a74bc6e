"""The Telegram process: takes updates in, queues jobs, hands them to the services.

No pixel is touched here: photos are file_ids and URLs until a service fetches them.
"""

from __future__ import annotations

import os

# The Telegram library warns about the old type of `RetryAfter.retry_after` until it is told so.
os.environ.setdefault("PTB_TIMEDELTA", "true")
