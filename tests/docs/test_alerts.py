"""promtool plays figures to each rule, ill ones and healthy ones, for more than half an hour."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from utils.settings import ROOT

RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
BOT = 'job="semblance-bot",instance="b"'
IMAGE = 'job="semblance-app-image",instance="i"'

HEALTHY = {
    f"up{{{BOT}}}": "1x40",
    f"up{{{IMAGE}}}": "1x40",
    f"semblance_queue_up{{{BOT}}}": "1x40",
    f"semblance_queue_jobs_max{{{BOT}}}": "1000x40",
    f'semblance_queue_jobs{{{BOT},state="waiting"}}': "100x40",
    f'semblance_queue_jobs{{{BOT},state="in_flight"}}': "8x40",
    f'semblance_queue_jobs{{{BOT},state="dead"}}': "900x40",
    f"semblance_queue_oldest_job_age_seconds{{{BOT}}}": "5x40",
    f"semblance_dispatcher_paused{{{BOT}}}": "0x40",
    f"semblance_telegram_last_poll_age_seconds{{{BOT}}}": "9x40",
    f"semblance_webhook_registered{{{BOT}}}": "1x40",
    f"semblance_webhook_pending_updates{{{BOT}}}": "2x40",
    f"semblance_webhook_last_failure_age_seconds{{{BOT}}}": "600+60x40",
    f'semblance_dead_letters_total{{{BOT},reason="failed"}}': "0x20 1x20",
    f'semblance_updates_refused_total{{{BOT},reason="rate_user"}}': "0+600x40",
    f'semblance_updates_refused_total{{{BOT},reason="rate_system"}}': "0+5x40",
    f'semblance_job_retries_total{{{BOT},reason="not_signed"}}': "0x40",
    f'semblance_job_delivery_seconds_bucket{{{BOT},le="1.0"}}': "0+60x40",
    f'semblance_job_delivery_seconds_bucket{{{BOT},le="30.0"}}': "0+61x40",
    f'semblance_job_delivery_seconds_bucket{{{BOT},le="+Inf"}}': "0+61x40",
    f'semblance_photos_total{{{IMAGE},route="/classify",outcome="faces"}}': "0+100x40",
    f'semblance_photos_total{{{IMAGE},route="/classify",outcome="busy"}}': "0+5x40",
    f'semblance_photos_total{{{IMAGE},route="/classify",outcome="internal_error"}}': "0+1x40",
    f'semblance_telegram_calls_total{{{BOT},method="sendMessage",status="200"}}': "0+100x40",
    f'semblance_telegram_calls_total{{{BOT},method="sendMessage",status="400"}}': "0+90x40",
    f'semblance_telegram_calls_total{{{BOT},method="sendMessage",status="429"}}': "0+9x40",
}
ILL = {
    "SemblanceBotUnseen": {f"semblance_queue_up{{{BOT}}}": None},
    "SemblanceTargetDown": {f"up{{{IMAGE}}}": "0x40"},
    "SemblanceNotPolling": {f"semblance_telegram_last_poll_age_seconds{{{BOT}}}": "0+60x40"},
    "SemblanceWebhookLost": {f"semblance_webhook_registered{{{BOT}}}": "0x40"},
    "SemblanceWebhookFails": {
        f"semblance_webhook_pending_updates{{{BOT}}}": "2x40",
        f"semblance_webhook_last_failure_age_seconds{{{BOT}}}": "50x40",
    },
    "SemblanceQueueUnreadable": {f"semblance_queue_up{{{BOT}}}": "0x40"},
    "SemblanceNobodyBehindTheProxy": {f"semblance_dispatcher_paused{{{BOT}}}": "1x40"},
    "SemblanceJobsWaitLong": {f"semblance_queue_oldest_job_age_seconds{{{BOT}}}": "70x40"},
    "SemblanceQueueNearlyFull": {f'semblance_queue_jobs{{{BOT},state="waiting"}}': "795x40"},
    "SemblanceDeadLetters": {f'semblance_dead_letters_total{{{BOT},reason="failed"}}': "0+1x40"},
    "SemblanceSecretsDiffer": {
        f'semblance_job_retries_total{{{BOT},reason="not_signed"}}': "0+1x40"
    },
    "SemblanceErrors": {
        f'semblance_photos_total{{{IMAGE},route="/classify",outcome="internal_error"}}': "0+5x40"
    },
    "SemblanceSaturated": {
        f'semblance_photos_total{{{IMAGE},route="/classify",outcome="busy"}}': "0+20x40"
    },
    "SemblanceSlow": {f'semblance_job_delivery_seconds_bucket{{{BOT},le="1.0"}}': "0+30x40"},
    "SemblanceTelegramTrouble": {
        f'semblance_telegram_calls_total{{{BOT},method="sendMessage",status="429"}}': "0+99x40"
    },
    "SemblanceTurnsPeopleAway": {
        f'semblance_updates_refused_total{{{BOT},reason="rate_system"}}': "0+60x40"
    },
}


def firing(changes: dict[str, str | None], expected: list[str], folder: Path) -> None:
    """Assert that after half an hour these alerts fire, and no other."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool (apt install prometheus)")
    told = {series: values for series, values in (HEALTHY | changes).items() if values}
    played = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": s, "values": v} for s, v in told.items()],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                        "eval_time": "35m",
                        "exp_samples": [
                            {"labels": f'{{alertname="{name}"}}', "value": 1} for name in expected
                        ],
                    }
                ],
            }
        ],
    }
    file = folder / "play.yml"
    file.write_text(yaml.safe_dump(played))
    ended = subprocess.run(
        [promtool, "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_rule_is_played_to() -> None:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    assert [rule["alert"] for group in groups for rule in group["rules"]] == list(ILL)


def test_all_is_quiet_while_all_is_well(tmp_path: Path) -> None:
    firing({}, [], tmp_path)


@pytest.mark.parametrize("alert", ILL)
def test_a_rule_fires_for_what_it_is_about_and_no_other_does(alert: str, tmp_path: Path) -> None:
    firing(ILL[alert], [alert], tmp_path)
