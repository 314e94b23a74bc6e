"""API keys: once the operator sets any, the public routes want one of them.

    python -m services.keys

makes a new one: the key for whoever calls, and its hash for SEMBLANCE_API_KEYS.
"""

from __future__ import annotations

import argparse
import hmac
import secrets
from collections.abc import Sequence

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from services.rates import Rates
from utils.settings import KEY_HASH_PREFIX, hash_of_key

# No hash looks like this.
_UNKNOWN = "unknown"


class Keys:
    """Who may call, and how often; `hashes` are those of `utils.settings`, none: everybody."""

    def __init__(self, hashes: Sequence[str], rates: Rates) -> None:
        self._hashes, self._rates = hashes, rates

    @property
    def wanted(self) -> bool:
        """Whether a caller needs a key."""
        return bool(self._hashes)

    def require(self) -> None:
        """Raise 401 unless the request carries a known key, `TooManyRequests` above its rate.

        Unknown keys have the rate of one, together.
        """
        if not self._hashes:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        presented = hash_of_key(given.strip(" \t"))
        # Every one is compared, so that the time taken does not tell which was nearly right.
        matches = [hmac.compare_digest(presented, each) for each in self._hashes]
        if scheme.lower() != "bearer" or not any(matches):
            # All of these share what one key may do: nobody gets more tries by having more keys or
            # addresses, and the table of rates stays as long as the list of keys.
            self._rates.take(_UNKNOWN)
            raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": "semblance"}))
        self._rates.take(presented)


def main(argv: list[str] | None = None) -> None:
    """The command line."""
    argparse.ArgumentParser(
        prog="python -m services.keys", description="Make a key for the JSON API."
    ).parse_args(argv)
    key = secrets.token_urlsafe(24)
    print(f"the key, to be shown once, to its user:  {key}")
    print(f"its hash, for SEMBLANCE_API_KEYS:        {KEY_HASH_PREFIX}{hash_of_key(key)}")


if __name__ == "__main__":
    main()
