"""A real redis-server for tests; where none is installed they are skipped."""

from __future__ import annotations

import atexit
import functools

import pytest

from benchmarks.redis_server import NEEDED, RedisServer, is_installed

needs_redis = pytest.mark.skipif(not is_installed(), reason=NEEDED)


@functools.cache
def shared_server() -> RedisServer:
    """One server for all tests of this process that neither stop nor fill it."""
    server = RedisServer()
    server.start()
    atexit.register(server.close)
    return server
