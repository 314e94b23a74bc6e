from __future__ import annotations

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher import plan as plans
from launcher.plan import make_plan
from utils.errors import SettingsError
from utils.machine import Machine
from utils.settings import Settings

TOKEN = "123456:" + "A" * 35


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of 127.0.0.1 on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(autouse=True)
def own_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep tests away from the secret of this checkout's own runs."""
    file = tmp_path / "var" / "secret"
    monkeypatch.setattr(plans, "_SECRET_FILE", file)
    return file


def settings(**environ: str) -> Settings:
    return Settings.load(environ, dotenv=None)


def with_nginx(monkeypatch: pytest.MonkeyPatch, path: str | None) -> None:
    monkeypatch.setattr("shutil.which", lambda *_args, **_kw: path)


def test_without_a_token_the_playground_stands_in_for_telegram(
    tmp_path: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nginx(monkeypatch, "/usr/sbin/nginx")
    plan = make_plan(settings(SEMBLANCE_PORT=str(free)), tmp_path)
    names = [program.name for program in plan.programs]
    assert names == ["playground", "app_image.1", "app_url.1", "nginx", "bot"]
    bot, playground = plan.programs[-1], plan.programs[0]
    assert bot.env["TELEGRAM_API_URL"] == plan.playground_url
    assert bot.env["TELEGRAM_TOKEN"] == playground.env["TELEGRAM_TOKEN"]
    assert settings(**bot.env).telegram_token is not None


@pytest.mark.parametrize("nginx", ["/usr/sbin/nginx", None])
def test_in_webhook_mode_nginx_or_a_proxy_of_ones_own_leads_to_the_bot(
    tmp_path: Path, free: int, monkeypatch: pytest.MonkeyPatch, nginx: str | None
) -> None:
    with_nginx(monkeypatch, nginx)
    given = settings(
        SEMBLANCE_PORT=str(free),
        SEMBLANCE_WEBHOOK_URL=f"http://127.0.0.1:{free}",
        SEMBLANCE_WEBHOOK_BIND="0.0.0.0:45671",
    )
    plan = make_plan(given, tmp_path)
    if nginx:
        text = (tmp_path / "nginx" / "nginx.conf").read_text()
        assert "/telegram 127.0.0.1:45671;" in text
    else:
        assert any("http://127.0.0.1:45671/telegram" in note for note in plan.notes)


def test_a_taken_port_of_the_webhook_is_told_at_once(tmp_path: Path, free: int, taken: int) -> None:
    given = {"SEMBLANCE_PORT": str(free), "SEMBLANCE_WEBHOOK_BIND": f"127.0.0.1:{taken}"}
    with pytest.raises(SettingsError, match="SEMBLANCE_WEBHOOK_BIND"):
        make_plan(settings(**given, SEMBLANCE_WEBHOOK_URL="https://x.example"), tmp_path)


def test_with_a_token_there_is_no_playground(tmp_path: Path, free: int) -> None:
    plan = make_plan(settings(SEMBLANCE_PORT=str(free), TELEGRAM_TOKEN=TOKEN), tmp_path)
    assert plan.playground_url is None
    assert "playground" not in [program.name for program in plan.programs]
    assert all("TELEGRAM_TOKEN" not in program.env for program in plan.programs)


def test_replicas_stand_behind_one_proxy(
    tmp_path: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nginx(monkeypatch, "/usr/sbin/nginx")
    plan = make_plan(settings(SEMBLANCE_PORT=str(free), SEMBLANCE_REPLICAS="3"), tmp_path)
    names = [program.name for program in plan.programs]
    assert sum(name.startswith("app_") for name in names) == 6
    config = (tmp_path / "nginx" / "nginx.conf").read_text()
    for how in ("fail_timeout=5s", "max_fails=0"):
        servers = re.findall(rf"server unix:{tmp_path}/app_\w+\.\d\.sock {how};", config)
        assert len(servers) == 6
    assert "${SEMBLANCE" not in config.split("http {")[1]


def test_without_nginx_one_process_serves_everything_and_says_so(
    tmp_path: Path, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_nginx(monkeypatch, None)
    plan = make_plan(settings(SEMBLANCE_PORT=str(free)), tmp_path)
    assert [program.name for program in plan.programs][1:] == ["services", "bot"]
    assert "nginx is not installed" in plan.notes[0]
    with pytest.raises(SettingsError, match="SEMBLANCE_REPLICAS above 1 needs nginx"):
        make_plan(settings(SEMBLANCE_PORT=str(free), SEMBLANCE_REPLICAS="2"), tmp_path)


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path, taken: int) -> None:
    with pytest.raises(SettingsError, match=f"Port {taken} is taken: if Semblance runs already"):
        make_plan(settings(SEMBLANCE_PORT=str(taken)), tmp_path)


def test_a_taken_playground_port_that_was_set_is_refused(
    tmp_path: Path, free: int, taken: int
) -> None:
    with pytest.raises(SettingsError, match="SEMBLANCE_PLAYGROUND_PORT"):
        make_plan(
            settings(SEMBLANCE_PORT=str(free), SEMBLANCE_PLAYGROUND_PORT=str(taken)), tmp_path
        )


def test_a_taken_default_playground_port_is_passed_over(
    tmp_path: Path, free: int, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plans, "_PLAYGROUND_PORT", taken)
    plan = make_plan(settings(SEMBLANCE_PORT=str(free)), tmp_path)
    assert plan.playground_url
    assert plan.playground_url != f"http://127.0.0.1:{taken}"


@pytest.mark.parametrize("bind", ["0.0.0.0", "192.0.2.1"])
def test_an_api_open_to_others_needs_keys(tmp_path: Path, free: int, bind: str) -> None:
    with pytest.raises(SettingsError, match="set SEMBLANCE_API_KEYS"):
        make_plan(settings(SEMBLANCE_BIND=bind, SEMBLANCE_PORT=str(free)), tmp_path)


@pytest.mark.parametrize(
    ("bind", "listen", "url"),
    [("0.0.0.0", "0.0.0.0", "127.0.0.1"), ("::1", "[::1]", "[::1]"), ("127.0.0.2",) * 3],
)
def test_the_bot_finds_the_proxy_wherever_it_listens(
    tmp_path: Path, free: int, monkeypatch: pytest.MonkeyPatch, bind: str, listen: str, url: str
) -> None:
    with_nginx(monkeypatch, "/usr/sbin/nginx")
    environ = {"SEMBLANCE_BIND": bind, "SEMBLANCE_PORT": str(free), "SEMBLANCE_API_KEYS": "k" * 16}
    plan = make_plan(settings(**environ), tmp_path)
    assert plan.programs[-1].env["SEMBLANCE_PROXY_URL"] == f"http://{url}:{free}"
    assert f"listen {listen}:{free}" in (tmp_path / "nginx" / "nginx.conf").read_text()


def test_a_proxy_url_that_was_set_is_kept(tmp_path: Path, free: int) -> None:
    elsewhere = "http://proxy.internal:80"
    plan = make_plan(settings(SEMBLANCE_PORT=str(free), SEMBLANCE_PROXY_URL=elsewhere), tmp_path)
    assert "SEMBLANCE_PROXY_URL" not in plan.programs[-1].env


def test_the_secret_is_made_once_and_kept_private(
    tmp_path: Path, free: int, own_secret: Path
) -> None:
    runs = [tmp_path / "a", tmp_path / "b"]
    seen = set()
    for run in runs:
        run.mkdir()
        plan = make_plan(settings(SEMBLANCE_PORT=str(free)), run)
        seen.add(plan.programs[-1].env["SEMBLANCE_SECRET"])
    assert len(seen) == 1
    assert len(seen.pop()) == 64
    assert stat.S_IMODE(own_secret.stat().st_mode) == 0o600


def test_a_secret_that_was_set_is_used(tmp_path: Path, free: int) -> None:
    plan = make_plan(settings(SEMBLANCE_PORT=str(free), SEMBLANCE_SECRET="s" * 32), tmp_path)
    assert plan.programs[-1].env["SEMBLANCE_SECRET"] == "s" * 32


@pytest.mark.parametrize(
    ("nginx", "sizes"),
    [
        ("/usr/sbin/nginx", {"app_image.1": ("2", "2"), "app_url.1": ("2", "2")}),
        (None, {"services": ("4", "2")}),
    ],
)
def test_what_it_starts_shares_the_machine_and_it_says_how(
    tmp_path: Path,
    free: int,
    monkeypatch: pytest.MonkeyPatch,
    nginx: str | None,
    sizes: dict[str, tuple[str, str]],
) -> None:
    with_nginx(monkeypatch, nginx)
    machine = Machine(8, 12_000 << 20, "machine", "cgroup")
    plan = make_plan(settings(SEMBLANCE_PORT=str(free)), tmp_path, machine)
    assert {
        program.name: (program.env["SEMBLANCE_WORKERS"], program.env["SEMBLANCE_SLOTS"])
        for program in plan.programs
        if "SEMBLANCE_SLOTS" in program.env
    } == sizes
    assert plan.notes[-1].startswith("8 cores (machine), 12000 MB (cgroup)")
    assert ("shared by 2 services" in plan.notes[-1]) == (nginx is not None)


def test_a_size_that_was_set_is_kept(tmp_path: Path, free: int) -> None:
    chosen = settings(SEMBLANCE_PORT=str(free), SEMBLANCE_WORKERS="2", SEMBLANCE_SLOTS="5")
    plan = make_plan(chosen, tmp_path, Machine(1, 1 << 30))
    sized = [program.env for program in plan.programs if "SEMBLANCE_SLOTS" in program.env]
    assert {(env["SEMBLANCE_WORKERS"], env["SEMBLANCE_SLOTS"]) for env in sized} == {("2", "5")}
