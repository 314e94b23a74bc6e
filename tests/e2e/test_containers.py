"""What runs in Compose is locked in: what the engine says of each container, and each of itself.

One project of everything, with the queue's server and the playground.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from tests.compose import NEEDED, has_engine
from tests.local_run import free_port
from utils.settings import ROOT

pytestmark = pytest.mark.skipif(not has_engine(), reason=NEEDED)

Facts = dict[str, Any]
RUNNING = ("app_image", "app_url", "bot", "nginx", "playground", "valkey")
ALL = (*RUNNING, "settings")
LISTENING = {
    "app_image": 8000,
    "app_url": 8000,
    "bot": 8000,
    "nginx": 8080,
    "playground": 8088,
    "valkey": 6379,
}
# Without bash's own sockets there would be nothing to knock with in nginx's and Valkey's images.
KNOCK = """
for there in "$@"; do
    timeout 2 bash -c "</dev/tcp/${there%:*}/${there#*:}" 2>/dev/null && echo "$there" &
done
wait
"""


@pytest.fixture(scope="module")
def published() -> dict[str, str]:
    return {"nginx": str(free_port()), "playground": str(free_port())}


@pytest.fixture(scope="module")
def containers(published: dict[str, str]) -> Iterator[dict[str, Facts]]:
    """What `docker inspect` says of every container of the project, by its service."""
    if (ROOT / ".env").exists():
        pytest.skip("this checkout has an .env of its own, which may hold secret and token")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("SEMBLANCE", "TELEGRAM"))}
    environ = plain | {
        "SEMBLANCE_SECRET": "a-secret-for-compose-tests",
        "SEMBLANCE_PORT": published["nginx"],
        "SEMBLANCE_PLAYGROUND_PORT": published["playground"],
    }
    argv = ["docker", "compose", "--project-name", "semblance-locked", "--profile", "playground"]
    argv += ["-f", "docker-compose.yml", "-f", "docker-compose.redis.yml"]

    def compose(*arguments: str) -> str:
        done = subprocess.run(
            [*argv, *arguments],
            cwd=ROOT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    try:
        compose("up", "--build", "--detach", "--wait")
        names = compose("ps", "--all", "--quiet").split()
        found = json.loads(docker("inspect", *names))
        by_service = {
            each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found
        }
        assert set(by_service) == set(ALL)
        yield by_service
    finally:
        compose("down", "--volumes", "--timeout", "5")


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def inside(container: Facts, *command: str) -> str:
    return docker("exec", container["Id"], *command)


@pytest.fixture(params=ALL)
def container(request: pytest.FixtureRequest, containers: dict[str, Facts]) -> Facts:
    return containers[request.param]


@pytest.fixture(params=RUNNING)
def running(request: pytest.FixtureRequest, containers: dict[str, Facts]) -> Facts:
    return containers[request.param]


def test_it_is_nobody_and_may_nothing(container: Facts) -> None:
    user, host = container["Config"]["User"], container["HostConfig"]
    assert user in {"10001:10001", "999:999", "nginx"}
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["Privileged"] is False
    assert not host["Devices"]
    # Nothing else stands here, so neither seccomp nor AppArmor is switched off.
    assert host["SecurityOpt"] == ["no-new-privileges:true"]


def test_it_sees_nothing_of_the_machine(container: Facts) -> None:
    host = container["HostConfig"]
    spaces = {key: host[key] for key in ("PidMode", "UTSMode", "UsernsMode")}
    assert spaces == {"PidMode": "", "UTSMode": "", "UsernsMode": ""}
    assert host["IpcMode"] == "private"
    assert host["NetworkMode"].startswith("semblance-locked_")
    # No folder of the machine, and so no engine's socket either: named volumes alone.
    assert {mount["Type"] for mount in container["Mounts"]} <= {"volume", "tmpfs"}


def test_it_writes_only_where_it_must_and_not_without_end(container: Facts) -> None:
    service = container["Config"]["Labels"]["com.docker.compose.service"]
    host = container["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    written = {"bot": {"/data"}, "valkey": {"/data"}, "playground": {"/run/semblance"}}
    volumes = {each["Destination"] for each in container["Mounts"] if each["RW"]}
    assert volumes == written.get(service, set())
    for options in host.get("Tmpfs", {}).values():
        given = set(options.split(","))
        assert {"noexec", "nosuid", "nodev"} < given
        assert any(each.startswith("size=") for each in given)
    assert host["LogConfig"]["Type"] == "json-file"
    assert host["LogConfig"]["Config"] == {"max-size": "20m", "max-file": "3"}


def test_it_takes_no_more_than_its_share(container: Facts) -> None:
    host = container["HostConfig"]
    assert 0 < host["PidsLimit"] <= 256
    assert 0 < host["Memory"] <= 2560 * 2**20
    assert 0 < host["NanoCpus"] <= 10**9
    assert host["OomKillDisable"] is not True


def test_only_nginx_and_playground_are_published_and_that_on_loopback(
    containers: dict[str, Facts], published: dict[str, str]
) -> None:
    bound = {
        (name, each["HostIp"], each["HostPort"])
        for name, container in containers.items()
        for bindings in (container["HostConfig"]["PortBindings"] or {}).values()
        for each in bindings
    }
    assert bound == {(name, "127.0.0.1", port) for name, port in published.items()}


def test_the_kernel_says_the_same_of_every_process(running: Facts) -> None:
    # Of the first process and of all others: workers, the health check, this very one.
    told = inside(running, "sh", "-c", "cat /proc/[0-9]*/status /proc/self/status")
    facts: dict[str, set[str]] = {}
    for line in told.splitlines():
        key, _, value = line.partition(":")
        facts.setdefault(key, set()).add(value.strip())
    for kind in ("Eff", "Prm", "Inh", "Bnd", "Amb"):
        assert facts[f"Cap{kind}"] == {"0" * 16}
    assert facts["NoNewPrivs"] == {"1"}
    assert facts["Seccomp"] == {"2"}
    assert not any("0" in line.split() for line in facts["Uid"])


def test_nothing_can_be_written_or_run_that_was_not_there(running: Facts) -> None:
    writable = """
    for folder in / /usr/bin /etc /var/tmp /root /home /app /opt /usr/share/semblance; do
        if [ -d $folder ] && touch $folder/planted 2>/dev/null; then echo $folder; fi
    done
    """
    assert inside(running, "sh", "-c", writable) == ""
    for folder in running["HostConfig"].get("Tmpfs", {}):
        planted = f"cp /bin/true {folder}/planted && {folder}/planted; echo $?; rm {folder}/planted"
        assert inside(running, "sh", "-c", planted).strip() == "126"


def test_a_temporary_folder_ends_where_it_should(containers: dict[str, Facts]) -> None:
    fill = "dd if=/dev/zero of=/tmp/much bs=1M count=20 2>&1; stat -c %s /tmp/much; rm /tmp/much"
    told = inside(containers["app_url"], "sh", "-c", fill)
    assert "No space left on device" in told
    assert told.split()[-1] == str(16 * 2**20)


def test_each_process_reaches_those_it_works_with_and_nobody_else(
    containers: dict[str, Facts],
) -> None:
    """Every one knocks at every address of every other: what a lookup hides is tried as well."""
    doors: dict[str, str] = {
        f"{network['IPAddress']}:{LISTENING[name]}": name
        for name in RUNNING
        for network in containers[name]["NetworkSettings"]["Networks"].values()
    }
    reached: dict[str, set[str]] = {}
    for name in RUNNING:
        others = [door for door, owner in doors.items() if owner != name]
        said = inside(containers[name], "bash", "-c", KNOCK, "knock", *others)
        reached[name] = {doors[door] for door in said.split()}
    # A network has no direction: whom nginx asks could ask it, as everybody may.
    assert reached.pop("nginx") == {"app_image", "app_url", "bot", "playground"}
    assert reached.pop("bot") == {"nginx", "valkey", "playground"}
    assert reached.pop("app_image") == {"nginx", "playground"}
    assert reached.pop("app_url") == {"nginx", "playground"}
    assert reached.pop("valkey") == {"bot"}
    # It stands in for Telegram, where everybody meets; in production there is none.
    assert reached == {"playground": {"app_image", "app_url", "bot", "nginx"}}


def test_only_who_asks_the_internet_has_a_way_there(containers: dict[str, Facts]) -> None:
    networks = {
        network
        for container in containers.values()
        for network in container["NetworkSettings"]["Networks"]
    }
    leading = {
        each["Name"].removeprefix("semblance-locked_")
        for each in json.loads(docker("network", "inspect", *networks))
        if not each["Internal"]
        and each["Options"].get("com.docker.network.bridge.enable_ip_masquerade") != "false"
    }
    outside = {
        name
        for name, network in product(containers, leading)
        if f"semblance-locked_{network}" in containers[name]["NetworkSettings"]["Networks"]
    }
    assert leading == {"app_image_out", "app_url_out", "bot_out"}
    assert outside == {"app_image", "app_url", "bot", "settings", "playground"}
    for name in RUNNING:
        # Where there is a way out, or a port to publish, there is a default route; else none.
        routes = inside(containers[name], "cat", "/proc/net/route").splitlines()[1:]
        has_one = any(line.split()[1] == "0" * 8 for line in routes)
        assert has_one is (name in outside | {"nginx"}), name


def test_a_service_reaches_no_published_port_of_its_machine(
    containers: dict[str, Facts], published: dict[str, str]
) -> None:
    for name in ("app_url", "app_image", "bot"):
        gateways = {
            network["Gateway"] or ".".join([*network["IPAddress"].split(".")[:3], "1"])
            for network in containers[name]["NetworkSettings"]["Networks"].values()
        }
        doors = [f"{host}:{port}" for host, port in product(gateways, published.values())]
        assert inside(containers[name], "bash", "-c", KNOCK, "knock", *doors) == ""
