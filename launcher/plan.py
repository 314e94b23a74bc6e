"""What a local run consists of: one `Program` a process, from the settings."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import string
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from utils.capacity import capacity_of
from utils.errors import SettingsError
from utils.machine import Machine
from utils.settings import ROOT, WEBHOOK_PATH, Settings

_PLAYGROUND_PORT = 8088
_SECRET_FILE = ROOT / "var" / "secret"
_SERVICES = ("app_image", "app_url")
# Where this machine itself reaches what listens on every address.
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read, not bound


@dataclass(frozen=True)
class Program:
    """One process of the run.

    `ready`: where readiness is asked, a URL or `unix:PATH:ROUTE`; None: by its READY=1 message.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str | None = None


@dataclass(frozen=True)
class Plan:
    """All programs in starting order, and where people go once they run."""

    programs: tuple[Program, ...]
    api_url: str
    playground_url: str | None
    notes: tuple[str, ...] = ()


def make_plan(
    settings: Settings, run: Path, machine: Machine | None = None, *, site: Path | None = None
) -> Plan:
    """The plan of a run on a machine (this one), whose sockets and files live in the folder `run`.

    `site` is the webcam page's folder, where there is one.

    Raises `SettingsError` where a setting cannot work.
    """
    _refuse_open_api(settings)
    refuse_taken_port(settings.bind, settings.port, "SEMBLANCE_PORT")
    if settings.webhook_url is not None:
        refuse_taken_port(*settings.webhook_bind, "SEMBLANCE_WEBHOOK_BIND")
    api_url = f"http://{_own(settings.bind, settings.port)}"
    env = {"SEMBLANCE_SECRET": settings.secret.reveal() if settings.secret else _own_secret()}
    if settings.proxy_url == f"http://127.0.0.1:{settings.port}":
        env["SEMBLANCE_PROXY_URL"] = api_url
    notes: list[str] = []
    playground: list[Program] = []
    playground_url = None
    if settings.telegram_token is None:
        port = _playground_port(settings)
        playground_url = f"http://127.0.0.1:{port}"
        env["TELEGRAM_TOKEN"] = f"{secrets.randbelow(10**9)}:{secrets.token_urlsafe(26)}"
        env["TELEGRAM_API_URL"] = playground_url
        playground = [
            Program(
                "playground",
                (sys.executable, "-m", "playground", "--port", str(port)),
                env,
                f"{playground_url}/",
            )
        ]
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not nginx:
        notes.append("nginx is not installed: one process serves everything; replicas need nginx.")
        if settings.webhook_url is not None:
            notes.append(
                "without nginx nothing passes on what Telegram sends: have your own proxy do it, "
                f"to http://{_own(*settings.webhook_bind)}{WEBHOOK_PATH}"
            )
        if settings.replicas > 1:
            raise SettingsError("SEMBLANCE_REPLICAS above 1 needs nginx; please install it.")
    capacity = capacity_of(
        machine or Machine.look(),
        settings,
        replicas=settings.replicas,
        services=len(_SERVICES) if nginx else 1,
    )
    notes.append(capacity.sentence)
    size = {"SEMBLANCE_WORKERS": str(capacity.workers), "SEMBLANCE_SLOTS": str(capacity.slots)}
    if nginx:
        replicas = _replicas(settings, run, env | size)
        front = [*replicas, _nginx(nginx, settings, run, f"{api_url}/healthz", site=site)]
    else:
        where, ready = f"{_bracketed(settings.bind)}:{settings.port}", f"{api_url}/readyz"
        size |= {"SEMBLANCE_SITE": str(site)} if site else {}
        front = [_gunicorn("services", "services.local", where, env=env | size, ready=ready)]
    bot = Program("bot", (sys.executable, "-m", "bot"), env)
    return Plan((*playground, *front, bot), api_url, playground_url, tuple(notes))


def _replicas(settings: Settings, run: Path, env: Mapping[str, str]) -> list[Program]:
    return [
        _gunicorn(f"{name}.{i}", f"services.{name}", bind, env=env, ready=f"{bind}:/readyz")
        for name in _SERVICES
        for i in range(1, settings.replicas + 1)
        for bind in [f"unix:{run}/{name}.{i}.sock"]
    ]


def _gunicorn(name: str, module: str, bind: str, *, env: Mapping[str, str], ready: str) -> Program:
    argv = (
        *(sys.executable, "-m", "gunicorn", "-c", str(ROOT / "services" / "gunicorn.conf.py")),
        *("--bind", bind, f"{module}:create()"),
    )
    return Program(name, argv, env, ready)


def _nginx(nginx: str, settings: Settings, run: Path, ready: str, *, site: Path | None) -> Program:
    template = (ROOT / "docker" / "nginx" / "nginx.conf.template").read_text(encoding="utf-8")

    def servers(name: str, how: str) -> str:
        numbers = range(1, settings.replicas + 1)
        return "\n".join(f"server unix:{run}/{name}.{i}.sock {how};" for i in numbers)

    folder = run / "nginx"
    folder.mkdir(mode=0o700)
    config = folder / "nginx.conf"
    config.write_text(
        string.Template(template).safe_substitute(
            SEMBLANCE_LISTEN=f"{_bracketed(settings.bind)}:{settings.port}",
            SEMBLANCE_RESOLVER="",
            SEMBLANCE_UPSTREAM_APP_IMAGE=servers("app_image", "fail_timeout=5s"),
            SEMBLANCE_UPSTREAM_APP_URL=servers("app_url", "fail_timeout=5s"),
            SEMBLANCE_AGAIN_APP_IMAGE=servers("app_image", "max_fails=0"),
            SEMBLANCE_AGAIN_APP_URL=servers("app_url", "max_fails=0"),
            SEMBLANCE_BOT=_own(*settings.webhook_bind),
            SEMBLANCE_API_RATE=str(settings.api_rate),
            SEMBLANCE_SITE=str(site or folder / "no-page"),
            SEMBLANCE_NGINX_RUN=str(folder),
            SEMBLANCE_NGINX_ERROR_LOG="stderr",
            # The services write a line for each request already.
            SEMBLANCE_NGINX_ACCESS_LOG="/dev/null",
            # As root nginx would drop its workers to a user who cannot enter the run folder.
            SEMBLANCE_NGINX_USER="user root;" if os.geteuid() == 0 else "",
        ),
        encoding="utf-8",
    )
    argv = (nginx, "-p", str(folder), "-c", str(config), "-e", "stderr", "-g", "daemon off;")
    return Program("nginx", argv, {}, ready)


def _own(host: str, port: int) -> str:
    """Where this machine itself reaches what listens at an address."""
    return f"{_bracketed(_ANY.get(host, host))}:{port}"


def _bracketed(host: str) -> str:
    """An address as it stands in a URL and in nginx's configuration."""
    return f"[{host}]" if ":" in host else host


def _refuse_open_api(settings: Settings) -> None:
    loopback = settings.bind in ("localhost", "::1") or settings.bind.startswith("127.")
    if not loopback and not settings.api_keys:
        raise SettingsError(
            "SEMBLANCE_BIND opens the JSON API to other machines: set SEMBLANCE_API_KEYS as well, "
            "or leave it at 127.0.0.1."
        )


def refuse_taken_port(host: str, port: int, setting: str) -> None:
    """Raise `SettingsError` where another process listens on host and port."""
    if not _is_free(host, port):
        raise SettingsError(
            f"Port {port} is taken: if Semblance runs already, stop it first; "
            f"otherwise set {setting} to a free port."
        )


def _playground_port(settings: Settings) -> int:
    """The port that was set, or the first free one from 8088 on."""
    if settings.playground_port is not None:
        refuse_taken_port("127.0.0.1", settings.playground_port, "SEMBLANCE_PLAYGROUND_PORT")
        return settings.playground_port
    candidates = range(_PLAYGROUND_PORT, _PLAYGROUND_PORT + 50)
    for port in candidates:
        if port != settings.port and _is_free("127.0.0.1", port):
            return port
    raise SettingsError("Set SEMBLANCE_PLAYGROUND_PORT to a free port: 8088 to 8137 are taken.")


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _own_secret() -> str:
    """The secret of local runs, made once and kept, so that a running half is understood."""
    if not _SECRET_FILE.exists():
        _SECRET_FILE.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(_SECRET_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    return _SECRET_FILE.read_text(encoding="ascii").strip()
