"""The component `webhook` over production: bots, and the way from Telegram to them."""

from __future__ import annotations

import kubernetes_validate

from tests.unit.deploy.manifests import container, of, pod, production_with
from tests.unit.deploy.test_manifests import KUBERNETES
from utils.settings import WEBHOOK_PATH, Settings


def test_with_the_webhook_several_bots_are_reached_by_name(tmp_path):
    objects = production_with(tmp_path, "webhook")
    for each in objects:
        kubernetes_validate.validate(each, KUBERNETES[-1], strict=True)
    (bot,) = of(objects, "Deployment", "bot")
    assert bot["spec"]["replicas"] > 1
    assert bot["spec"]["strategy"]["type"] == "RollingUpdate"
    only = container(bot)
    assert only["command"] == ["python", "-m", "bot"]
    variables = {each["name"]: each for each in only["env"]}
    assert "SEMBLANCE_QUEUE" in variables
    (settings,) = of(objects, "ConfigMap")
    given = settings["data"] | {
        "SEMBLANCE_WEBHOOK_BIND": variables["SEMBLANCE_WEBHOOK_BIND"]["value"]
    }
    read = Settings.load(given, dotenv=None)
    (service,) = of(objects, "Service", "bot")
    (port,) = service["spec"]["ports"]
    assert {"name": "webhook", "containerPort": read.webhook_bind[1]} in only["ports"]
    assert (port["port"], port["targetPort"]) == (read.webhook_bind[1], "webhook")
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == pod(bot)["metadata"]["labels"]
    (nginx,) = of(objects, "Deployment", "nginx")
    names = [each["name"] for each in container(nginx)["env"]]
    (where,) = [each for each in container(nginx)["env"] if each["name"] == "SEMBLANCE_BOT"]
    assert where["value"] == f"bot.$(NAMESPACE).svc.cluster.local:{port['port']}"
    assert names.index("NAMESPACE") < names.index("SEMBLANCE_BOT")
    (ingress,) = of(objects, "Ingress", "webhook")
    (rule,) = ingress["spec"]["rules"]
    assert read.webhook_url == f"https://{rule['host']}{WEBHOOK_PATH}"
    before_s = int(only["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod(bot)["spec"]["terminationGracePeriodSeconds"] > before_s + 10
    assert of(objects, "PodDisruptionBudget", "bot")
