import re
from dataclasses import fields

from utils.settings import ROOT, Settings

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
REDIS = (ROOT / "docker-compose.redis.yml").read_text(encoding="utf-8")
# What Compose itself decides: where nginx is, and what only a run without Docker has.
NOT_PASSED = {"SEMBLANCE_BIND", "SEMBLANCE_PORT", "SEMBLANCE_PLAYGROUND_PORT", "SEMBLANCE_REPLICAS"}


def test_every_setting_reaches_the_containers():
    passed = set(re.findall(r"^ +((?:SEMBLANCE|TELEGRAM)_\w+): ", COMPOSE, re.MULTILINE))
    assert passed == {spec.metadata["name"] for spec in fields(Settings)} - NOT_PASSED


def test_nothing_but_nginx_is_published_and_that_on_loopback():
    (ports,) = re.findall(r"ports: \[\"(.*)\"\]", COMPOSE)
    assert ports.startswith("${SEMBLANCE_BIND:-127.0.0.1}:")


def test_the_queue_server_keeps_what_it_is_given_and_is_published_nowhere():
    words = [word.strip(' "') for word in re.findall(r"^      - (.*)$", REDIS, re.MULTILINE)]
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert words[0] == "valkey-server"
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    assert "ports:" not in REDIS
    assert re.search(r"^networks:\n  valkey:\n    internal: true$", REDIS, re.MULTILINE)


def test_a_missing_secret_is_one_sentence_that_says_what_to_do():
    assert re.search(
        r"SEMBLANCE_SECRET: \$\{SEMBLANCE_SECRET:\?put .*openssl rand -hex 32\}", COMPOSE
    )
