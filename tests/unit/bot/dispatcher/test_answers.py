from __future__ import annotations

import json

import pytest

from bot import texts
from bot.dispatcher.answers import Delivered, Later, Refused, read_answer
from utils.errors import ImageTooLarge


def problem(code: object, message: object = "Words.") -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "request_id": "1-0"}}).encode()


def test_200_with_success_is_delivered() -> None:
    assert read_answer(200, b'{"success": 1, "faces": 2}') == Delivered()


@pytest.mark.parametrize("body", [b"", b"<html>welcome to nginx", b"{}", b'{"success": 0}', b"[]"])
def test_200_of_somebody_else_counts_against_the_job(body: bytes) -> None:
    assert read_answer(200, body) == Later(reason="200 http_200", counts=True)


def test_4xx_is_final_with_the_services_own_sentence() -> None:
    assert read_answer(422, problem("not_an_image", "Not one.")) == (
        Refused("not_an_image", "Not one.")
    )


@pytest.mark.parametrize(
    ("status", "sentence"), [(413, ImageTooLarge.sentence), (404, texts.OUR_FAULT)]
)
@pytest.mark.parametrize(
    "body",
    [b"<html>nginx</html>", b"\xff\xfe", b"[" * 100_000, problem("x", None), b'{"error": 1}'],
)
def test_what_is_not_our_json_is_never_shown(status: int, sentence: str, body: bytes) -> None:
    answer = read_answer(status, body)
    assert isinstance(answer, Refused)
    assert answer.sentence == sentence


def test_a_sentence_is_one_printable_line_of_bounded_length() -> None:
    answer = read_answer(422, problem("x", "a\n\u202eb\x00" + "c" * 9000))
    assert isinstance(answer, Refused)
    assert answer.sentence is not None
    assert answer.sentence.startswith("a  b c")
    assert len(answer.sentence) == 500


def test_a_chat_that_refuses_the_bot_is_told_nothing() -> None:
    assert read_answer(422, problem("chat_refused")) == Refused("chat_refused", None)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_trouble_on_the_way_does_not_count(status: int) -> None:
    answer = read_answer(status, problem("busy"), "3")
    assert answer == Later(reason=f"{status} busy", after_s=3.0, full=status == 503)


@pytest.mark.parametrize(("status", "nobody"), [(502, True), (504, True), (503, False)])
@pytest.mark.parametrize("body", [b"<html>502 Bad Gateway</html>", problem("unavailable")])
def test_only_the_proxys_own_bad_gateway_means_that_nobody_is_there(
    status: int, nobody: bool, body: bytes
) -> None:
    answer = read_answer(status, body)
    assert isinstance(answer, Later)
    assert answer.nobody == nobody


def test_a_service_whose_telegram_is_away_is_somebody() -> None:
    answer = read_answer(502, problem("telegram_unavailable"))
    assert answer == Later(reason="502 telegram_unavailable")


@pytest.mark.parametrize("status", [500, 501, 302, 204])
def test_500_and_the_unheard_of_count(status: int) -> None:
    answer = read_answer(status, problem("internal_error"))
    assert answer == Later(reason=f"{status} internal_error", counts=True)


def test_a_wrong_secret_is_the_operators_to_mend_so_jobs_wait() -> None:
    assert read_answer(403, problem("not_signed")) == Later(reason="403 not_signed")
