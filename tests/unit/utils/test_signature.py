from __future__ import annotations

import pytest

from utils.errors import NotSigned
from utils.settings import Secret
from utils.signature import WINDOW_S, check, sign

SECRET = Secret("a secret of some length")
BODY = b'{"update_id": 11}'
NOW = 1_790_000_000.4


def reason(value: str | None, body: bytes = BODY, secret: Secret | None = SECRET) -> str:
    with pytest.raises(NotSigned) as refused:
        check(value, body, secret, now=NOW)
    return refused.value.reason


def test_a_signature_belongs_to_one_body_and_one_secret() -> None:
    value = sign(BODY, SECRET, now=NOW)
    assert check(value, BODY, SECRET, now=NOW).until == int(NOW) + WINDOW_S
    assert reason(value, BODY + b" ") == "wrong_signature"
    assert reason(value, BODY, Secret("another secret of some length")) == "wrong_signature"


def test_time_and_nonce_are_signed_as_well() -> None:
    value = sign(BODY, SECRET, now=NOW)
    later = value.replace("t=1790000000", "t=1790000001")
    assert reason(later) == "wrong_signature"
    other = value[:14] + ("n=0" if value[16] != "0" else "n=1") + value[17:]
    assert other != value
    assert reason(other) == "wrong_signature"
    # Nor can a digit move from one to the other.
    assert reason(value.replace("t=1790000000,n=", "t=179000000,n=0")) == "wrong_signature"


def test_each_has_a_nonce_of_its_own() -> None:
    nonces = {check(sign(BODY, SECRET), BODY, SECRET).nonce for _ in range(100)}
    assert len(nonces) == 100
    assert {len(nonce) for nonce in nonces} == {16}


@pytest.mark.parametrize(
    "value",
    ["", "00" * 32, "t=,n=,s=", "ünïcode\udcff", "t=1,n=2,s=3", "x" * 10_000],
)
def test_another_form_is_a_wrong_signature(value: str) -> None:
    assert reason(value) == "wrong_signature"


def test_what_surrounds_a_signature_makes_it_wrong() -> None:
    value = sign(BODY, SECRET, now=NOW)
    for altered in (f"{value}\n", f" {value}", f"{value},s=0", value.upper()):
        assert reason(altered) == "wrong_signature"


def test_without_a_header_or_a_secret_it_is_unsigned() -> None:
    assert reason(None) == "unsigned"
    assert reason(sign(BODY, SECRET, now=NOW), secret=None) == "unsigned"


@pytest.mark.parametrize("seconds", [-WINDOW_S + 1, 0, WINDOW_S - 1])
def test_clocks_may_differ_a_little(seconds: float) -> None:
    check(sign(BODY, SECRET, now=NOW + seconds), BODY, SECRET, now=NOW)


@pytest.mark.parametrize(("seconds", "side"), [(-400, "behind"), (400, "ahead of")])
def test_an_old_one_is_refused_and_the_operator_told_about_the_clocks(
    seconds: float, side: str
) -> None:
    with pytest.raises(NotSigned, match=f"400 s {side} this machine's clock.*NTP") as refused:
        check(sign(BODY, SECRET, now=NOW + seconds), BODY, SECRET, now=NOW)
    assert refused.value.reason == "stale"


def test_a_wrong_signature_does_not_tell_about_the_clock() -> None:
    old = sign(BODY, Secret("another secret of some length"), now=NOW - 400)
    assert reason(old) == "wrong_signature"
