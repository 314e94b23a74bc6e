from __future__ import annotations

import datetime as dt

import pytest
from telegram import WebhookInfo

from bot.webhook.watch import DELETED, OTHER_WEBHOOK, WebhookWatch
from tests.unit.bot.jobs import NOON, Clock

URL = "https://bot.example/telegram"


def info(url: str = URL, *, pending: int = 0, failed_at: float | None = None) -> WebhookInfo:
    date = None if failed_at is None else dt.datetime.fromtimestamp(failed_at, dt.UTC)
    return WebhookInfo(
        url,
        has_custom_certificate=False,
        pending_update_count=pending,
        last_error_date=date,
        last_error_message=None if failed_at is None else "Wrong response: 502",
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock, caplog: pytest.LogCaptureFixture) -> WebhookWatch:
    caplog.set_level("INFO")
    return WebhookWatch(URL, clock=clock, calendar=clock)


def test_the_time_since_the_last_update_is_told(watch: WebhookWatch, clock: Clock) -> None:
    clock.pass_s(5)
    assert watch.seconds_since_last_update() == 5
    watch.updated()
    assert watch.seconds_since_last_update() == 0


def test_what_telegram_keeps_and_when_it_failed_is_told(watch: WebhookWatch, clock: Clock) -> None:
    assert watch.seconds_since_last_failure() == float("inf")
    watch.told(info(pending=3, failed_at=NOON - 20))
    assert watch.pending == 3
    clock.pass_s(5)
    assert watch.seconds_since_last_failure() == 25
    watch.told(info())
    assert watch.seconds_since_last_failure() == float("inf")


def test_another_webhook_is_told_once_and_without_its_address(
    watch: WebhookWatch, caplog: pytest.LogCaptureFixture
) -> None:
    for url in ("https://other.example/x", "https://other.example/y", URL, URL):
        assert not watch.told(info(url))
        assert watch.registered is (url == URL)
    assert [record.message for record in caplog.records] == [
        OTHER_WEBHOOK,
        "Telegram calls SEMBLANCE_WEBHOOK_URL again",
    ]


@pytest.mark.parametrize(
    "url", ["https://bot.example:443/telegram", "https://Bot.Example/telegram"]
)
def test_the_same_webhook_may_be_written_in_another_way(watch: WebhookWatch, url: str) -> None:
    assert not watch.told(info(url))
    assert watch.registered
    assert not watch.told(info("https://bot.example:8443/telegram"))
    assert not watch.registered


def test_a_webhook_that_is_gone_is_to_be_set_again(
    watch: WebhookWatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert watch.told(info(""))
    assert not watch.registered
    assert [record.message for record in caplog.records] == [DELETED]


def test_a_failure_is_logged_once_with_telegrams_reason(
    watch: WebhookWatch, caplog: pytest.LogCaptureFixture
) -> None:
    for failed_at in (NOON, NOON):
        watch.told(info(pending=1, failed_at=failed_at))
    assert [record.message for record in caplog.records] == [
        "Telegram's calls of SEMBLANCE_WEBHOOK_URL fail: Wrong response: 502"
    ]


def test_a_failure_that_is_over_is_no_news(
    watch: WebhookWatch, caplog: pytest.LogCaptureFixture
) -> None:
    watch.told(info(failed_at=NOON))
    assert caplog.records == []
