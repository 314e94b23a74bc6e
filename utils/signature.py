"""What shows that a job comes from the bot: an HMAC over time, nonce and body of a request.

    X-Semblance-Signature: t=1790000000,n=<32 hexadecimal digits>,s=<64 hexadecimal digits>

`s` is HMAC-SHA256 under SEMBLANCE_SECRET of `t.n.body`. A signature holds for five minutes, and
once: whoever checks it remembers its nonce for as long.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass

from utils.errors import NotSigned
from utils.settings import Secret

SIGNATURE_HEADER = "X-Semblance-Signature"
WINDOW_S = 300
NONCE_BYTES = 16

_FORM = re.compile(r"t=([0-9]{1,12}),n=([0-9a-f]{32}),s=([0-9a-f]{64})")


@dataclass(frozen=True)
class Signed:
    """A request that the bot signed; its nonce is to be remembered until `until` (epoch, s)."""

    nonce: bytes
    until: float


def sign(body: bytes, secret: Secret, *, now: float | None = None) -> str:
    """The header's value for one try to send `body`; another try takes another signature."""
    moment = str(int(time.time() if now is None else now))
    nonce = secrets.token_hex(NONCE_BYTES)
    return f"t={moment},n={nonce},s={_mac(moment, nonce, body, secret)}"


def check(
    value: str | None, body: bytes, secret: Secret | None, *, now: float | None = None
) -> Signed:
    """What the header's value tells about `body`.

    Raises `NotSigned`: `unsigned`, `wrong_signature` or `stale`. Whether it was seen before is for
    the caller to know.
    """
    if value is None or secret is None:
        raise unsigned()
    found = _FORM.fullmatch(value)
    moment, nonce, mac = found.groups() if found else ("0", "", "")
    # Computed and compared also where the form is wrong: the time taken tells nothing.
    right = hmac.compare_digest(_mac(moment, nonce, body, secret), mac)
    if found is None or not right:
        raise NotSigned(
            "a wrong signature: is SEMBLANCE_SECRET the same as the bot's?",
            reason="wrong_signature",
        )
    ahead_s = int(moment) - (time.time() if now is None else now)
    if abs(ahead_s) > WINDOW_S:
        side = "ahead of" if ahead_s > 0 else "behind"
        raise NotSigned(
            f"a signature that is {abs(ahead_s):.0f} s {side} this machine's clock, where "
            f"{WINDOW_S} s are allowed: are the clocks of bot and services set by NTP?",
            reason="stale",
        )
    return Signed(bytes.fromhex(nonce), int(moment) + WINDOW_S)


def unsigned() -> NotSigned:
    """For a request that cannot be a job of the bot's, whatever its body is."""
    return NotSigned(
        "a job without a signature, or no SEMBLANCE_SECRET to check it", reason="unsigned"
    )


def replayed() -> NotSigned:
    """For a signature that holds, and came before."""
    return NotSigned("a signature that was used before", reason="replayed")


def _mac(moment: str, nonce: str, body: bytes, secret: Secret) -> str:
    key = secret.reveal().encode()
    return hmac.new(key, f"{moment}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()
