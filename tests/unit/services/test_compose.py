import re
from dataclasses import fields

import yaml

from utils.settings import FILE_SUFFIX, ROOT, Settings

COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
PARSED = yaml.safe_load(COMPOSE)
SERVICES = PARSED["services"]
REDIS = (ROOT / "docker-compose.redis.yml").read_text(encoding="utf-8")
# What Compose itself decides: where nginx is, and what only a run without Docker has.
NOT_PASSED = {
    "SEMBLANCE_BIND",
    "SEMBLANCE_PORT",
    "SEMBLANCE_PLAYGROUND_PORT",
    "SEMBLANCE_REPLICAS",
    "SEMBLANCE_SITE",
}


def test_every_setting_reaches_the_containers():
    passed = set(re.findall(r"^ +((?:SEMBLANCE|TELEGRAM)_\w+): ", COMPOSE, re.MULTILINE))
    specs = [spec.metadata for spec in fields(Settings)]
    files = {spec["name"] + FILE_SUFFIX for spec in specs if spec["secret"]}
    assert passed == {spec["name"] for spec in specs} - NOT_PASSED | files


def test_the_proxy_counts_as_the_services_do_where_nothing_is_set():
    rate = Settings.load({}, dotenv=None).api_rate
    assert SERVICES["nginx"]["environment"] == {
        "SEMBLANCE_API_RATE": f"${{SEMBLANCE_API_RATE:-{rate}}}"
    }
    image = (ROOT / "docker" / "nginx" / "Dockerfile").read_text(encoding="utf-8")
    assert f"SEMBLANCE_API_RATE={rate} \\\n" in image


def test_nothing_but_nginx_and_playground_is_published_and_that_on_loopback():
    published = {name: each["ports"] for name, each in SERVICES.items() if "ports" in each}
    assert published == {
        "nginx": ["${SEMBLANCE_BIND:-127.0.0.1}:${SEMBLANCE_PORT:-8080}:8080"],
        "playground": ["127.0.0.1:${SEMBLANCE_PLAYGROUND_PORT:-8088}:8088"],
    }


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


def test_every_process_is_limited_and_guarded():
    for name, service in SERVICES.items():
        assert {"cpus", "mem_limit", "pids_limit"} <= set(service), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_each_process_meets_only_those_it_works_with():
    internal = {name for name, options in PARSED["networks"].items() if options.get("internal")}
    assert internal == {"default", "app_image_in", "app_url_in"}
    met = {name: set(service["networks"]) for name, service in SERVICES.items()}
    inside = {name: networks & internal for name, networks in met.items()}
    assert inside == {
        "app_image": {"app_image_in"},
        "app_url": {"app_url_in"},
        "nginx": {"app_image_in", "app_url_in", "default"},
        "bot": {"default"},
        "settings": set(),
        "playground": set(),
    }
    # Out of doors nobody meets app_url but a playground that stands in for Telegram.
    assert [name for name in met if met[name] & met["app_url"] - internal] == [
        "app_url",
        "playground",
    ]


def test_what_only_the_operator_can_mend_starts_nothing_and_is_not_tried_again():
    assert SERVICES["settings"]["restart"] == "no"
    for name in ("app_image", "app_url", "bot"):
        needs = SERVICES[name]["depends_on"]["settings"]
        assert needs == {"condition": "service_completed_successfully"}, name
