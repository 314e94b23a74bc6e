"""Run tests with everything patched by gevent, as gunicorn's workers run the code.

python -m tests.under_gevent tests/unit/utils tests/unit/services
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

import pytest  # noqa: E402

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]]))
