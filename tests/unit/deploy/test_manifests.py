"""deploy/kubernetes against the schemas of Kubernetes, against itself, Compose and the docs."""

from __future__ import annotations

import re

import kubernetes_validate
import pytest
import yaml

from services import VERSION
from tests.service_processes import TEMPLATE
from tests.unit.deploy.manifests import (
    FOLDER,
    OVERLAYS,
    base,
    container,
    documents,
    kustomizations,
    of,
    pod,
    production_with,
    rendered,
    resources,
)
from utils.settings import ROOT, WEBHOOK_PATH

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
DOCUMENTED = set(
    re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE)
)
# The oldest and the newest that docs/kubernetes.md names.
KUBERNETES = ("1.29", "1.37")
GRACEFUL_S = int(
    re.findall(r"\ngraceful_timeout = (\d+)", (ROOT / "services/gunicorn.conf.py").read_text())[0]
)
NO_SCHEMA = {"ScaledObject"}


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_fits_the_schema(version):
    kinds = set()
    for path, each in resources():
        if each["kind"] not in NO_SCHEMA:
            kinds.add(each["kind"])
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                raise AssertionError(f"{path}: {error.message} at {list(error.path)}") from None
    assert len(kinds) >= 8, kinds


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_fits_the_schema_when_put_together(overlay):
    for each in rendered(f"overlays/{overlay}"):
        kubernetes_validate.validate(each, KUBERNETES[-1], strict=True)


def test_a_misspelt_field_would_be_found():
    wrong = base("Deployment")["bot"]
    wrong["spec"]["template"]["spec"]["automountServiceAccountTokens"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES[-1], strict=True)


def test_every_file_is_referred_to_and_every_reference_leads_somewhere():
    named = set()
    for path, kustomization in kustomizations().items():
        generators = kustomization.get("configMapGenerator", [])
        names = [
            *kustomization.get("resources", []),
            *kustomization.get("components", []),
            *(patch["path"] for patch in kustomization.get("patches", [])),
            *(file for each in generators for file in each.get("envs", [])),
        ]
        for name in names:
            assert (path.parent / name).exists(), f"{path}: {name}"
            named.add((path.parent / name).resolve())
    files = {path for path in FOLDER.rglob("*") if path.suffix in (".yaml", ".env")}
    assert files - named - set(kustomizations()) == set()


def test_a_selector_finds_the_pods_of_its_own_component():
    pods = {name: pod(each)["metadata"]["labels"] for name, each in base("Deployment").items()}
    assert set(pods) == {"bot", "app-image", "app-url", "nginx"}
    for name, deployment in base("Deployment").items():
        assert deployment["spec"]["selector"]["matchLabels"] == pods[name]
        for spread in pod(deployment)["spec"].get("topologySpreadConstraints", []):
            assert spread["labelSelector"]["matchLabels"] == pods[name]
    for name, service in base("Service").items():
        assert service["spec"]["selector"] == pods[name]
    for _, budget in resources():
        if budget["kind"] == "PodDisruptionBudget":
            labels = budget["spec"]["selector"]["matchLabels"]
            assert labels == pods[budget["metadata"]["name"]]
    for name, scaler in base("HorizontalPodAutoscaler").items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == name
        assert "replicas" not in base("Deployment")[name]["spec"]


def test_ports_lead_from_the_ingress_to_the_process():
    ports = {
        name: {port["name"]: port["containerPort"] for port in container(each).get("ports", [])}
        for name, each in base("Deployment").items()
    }
    assert ports == {
        "bot": {"metrics": 8000},
        "app-image": {"http": 8000},
        "app-url": {"http": 8000},
        "nginx": {"http": 8080},
    }
    for name, service in base("Service").items():
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] == port["name"] == "http"
        assert port["port"] == ports[name]["http"]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container(base("Deployment")[name])[probe]["httpGet"]["port"] == "http"
    assert container(base("Deployment")["bot"])["livenessProbe"]["httpGet"]["port"] == "metrics"
    paths = [
        (path["path"], path["pathType"], path["backend"])
        for _, each in resources()
        if each["kind"] == "Ingress"
        for rule in each["spec"]["rules"]
        for path in rule["http"]["paths"]
    ]
    nginx = {"service": {"name": "nginx", "port": {"name": "http"}}}
    assert sorted(paths, key=str) == [
        ("/", "Exact", nginx),
        ("/docs", "Prefix", nginx),
        ("/sw.js", "Exact", nginx),
        (WEBHOOK_PATH, "Exact", nginx),
        ("/v1", "Prefix", nginx),
        ("/web", "Prefix", nginx),
    ]


def test_images_and_commands_are_those_of_compose():
    for name, deployment in base("Deployment").items():
        service = COMPOSE[name.replace("-", "_")]
        assert container(deployment)["image"] == service["image"], name
        assert container(deployment).get("command") == service.get("command"), name
    for path, kustomization in kustomizations().items():
        for image in kustomization.get("images", []):
            assert image["name"] in {"semblance", "semblance-nginx"}, path
            assert image["newTag"] == VERSION, path


def test_both_services_differ_in_name_and_command_alone():
    image, url = (
        (FOLDER / "base" / f"app-{name}.yaml").read_text().split("\n", 1)[1]
        for name in ("image", "url")
    )
    assert image.replace("app-image", "app-url").replace("app_image", "app_url") == url


def test_every_process_is_as_confined_as_it_can_be():
    (namespace,) = base("Namespace").values()
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    for deployment in base("Deployment").values():
        spec, only = pod(deployment)["spec"], container(deployment)
        assert spec["automountServiceAccountToken"] is False
        # A Service called semblance would else set SEMBLANCE_PORT.
        assert spec["enableServiceLinks"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert only["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        for volume in spec["volumes"]:
            assert volume["emptyDir"]["medium"] == "Memory"
        assert set(only["resources"]) == {"requests", "limits"}
        assert set(only["resources"]["limits"]) == {"cpu", "memory"}


def test_a_service_is_asked_for_its_own_health_and_has_time_to_finish():
    for name in ("app-image", "app-url"):
        only = container(base("Deployment")[name])
        assert only["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert only["readinessProbe"]["httpGet"]["path"] == "/readyz"
        before_s = int(only["lifecycle"]["preStop"]["exec"]["command"][1])
        grace_s = pod(base("Deployment")[name])["spec"]["terminationGracePeriodSeconds"]
        assert grace_s > before_s + GRACEFUL_S


def test_every_setting_that_is_named_is_documented():
    named = set()
    for path in FOLDER.rglob("*.env"):
        named |= {line.partition("=")[0] for line in lines(path)}
    for kustomization in kustomizations().values():
        for generator in kustomization.get("configMapGenerator", []):
            named |= {each.partition("=")[0] for each in generator.get("literals", [])}
    for path in FOLDER.rglob("*.yaml"):
        for each in documents(path):
            named |= {entry["name"] for entry in environment(each)}
    lists = re.findall(r"SEMBLANCE_(?:UPSTREAM|AGAIN)_\w+", TEMPLATE.read_text())
    proxy_only = {"NAMESPACE", "SEMBLANCE_BOT", *lists}
    assert "TELEGRAM_TOKEN" in named
    assert named - proxy_only - DOCUMENTED == set()


def test_every_setting_can_be_set_in_the_config_map():
    for name in ("bot", "app-image", "app-url"):
        assert container(base("Deployment")[name])["envFrom"] == [
            {"configMapRef": {"name": "settings"}}
        ]


def test_secrets_are_referred_to_and_never_written_down():
    for path in FOLDER.rglob("*.yaml"):
        for each in documents(path):
            assert each["kind"] != "Secret", path
            assert "secretGenerator" not in each, path
            for entry in environment(each):
                if re.search("TOKEN|SECRET|KEYS|QUEUE$", entry["name"]):
                    assert entry["valueFrom"]["secretKeyRef"]["name"] == "semblance", path
    for path in FOLDER.rglob("*.env"):
        for line in lines(path):
            assert not re.match(r"TELEGRAM_TOKEN|\w*(SECRET|KEYS)=|SEMBLANCE_QUEUE=redis", line)


def test_a_queue_file_has_one_bot_and_a_volume_of_its_own():
    objects = rendered("overlays/single-node")
    (bot,) = of(objects, "Deployment", "bot")
    assert bot["spec"]["replicas"] == 1
    assert bot["spec"]["strategy"] == {"type": "Recreate"}
    (claim,) = of(objects, "PersistentVolumeClaim")
    volumes = {each["name"]: each for each in pod(bot)["spec"]["volumes"]}
    assert volumes["queue"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    (settings,) = of(objects, "ConfigMap")
    (mount,) = [each for each in container(bot)["volumeMounts"] if each["name"] == "queue"]
    assert settings["data"]["SEMBLANCE_QUEUE"].startswith(f"sqlite:///{mount['mountPath']}/")
    assert settings["data"]["SEMBLANCE_PROXY_URL"] == "http://nginx:8080"


def test_production_has_replicas_keys_and_a_queue_by_reference():
    objects = rendered("overlays/production")
    (bot,) = of(objects, "Deployment", "bot")
    queue = {each["name"]: each for each in container(bot)["env"]}["SEMBLANCE_QUEUE"]
    assert queue["valueFrom"]["secretKeyRef"]["key"] == "SEMBLANCE_QUEUE"
    assert not of(objects, "PersistentVolumeClaim")
    for name in ("app-image", "app-url"):
        (deployment,) = of(objects, "Deployment", name)
        keys = {each["name"]: each for each in container(deployment)["env"]}["SEMBLANCE_API_KEYS"]
        assert keys["valueFrom"]["secretKeyRef"].get("optional") is not True
        (scaler,) = of(objects, "HorizontalPodAutoscaler", name)
        assert scaler["spec"]["minReplicas"] >= 2
        assert of(objects, "PodDisruptionBudget", name)


def test_with_keda_one_autoscaler_is_left_for_each_deployment(tmp_path):
    objects = production_with(tmp_path, "monitoring", "keda")
    scalers = [*of(objects, "HorizontalPodAutoscaler"), *of(objects, "ScaledObject")]
    targets = [each["spec"]["scaleTargetRef"]["name"] for each in scalers]
    assert sorted(targets) == ["app-image", "app-url"]
    assert of(objects, "NetworkPolicy", "monitoring")


def environment(each):
    """All `env` entries of a Deployment or of a patch of one."""
    containers = each.get("spec", {}).get("template", {}).get("spec", {}).get("containers", [])
    return [entry for only in containers for entry in only.get("env", [])]


def lines(path):
    """The lines of a .env file that say something."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
