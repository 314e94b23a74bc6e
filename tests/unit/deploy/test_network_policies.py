"""Who may talk to whom in the cluster, by the rules that Kubernetes has for NetworkPolicies."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from services.app_url import addresses
from tests.unit.deploy.manifests import FOLDER, base, documents, rendered

POLICIES = list(base("NetworkPolicy").values())
COMPONENTS = ("bot", "nginx", "app-image", "app-url")
TELEGRAM = "149.154.167.220"
DNS = {"namespace": "kube-system"}


def can_talk(source, destination, port, *, policies=POLICIES, protocol="TCP"):
    """Whether a packet passes. An end is an address or a pod, by its component or namespace."""
    leaves = _passes(policies, "Egress", source, destination, port, protocol)
    return leaves and _passes(policies, "Ingress", destination, source, port, protocol)


def _passes(policies, direction, end, other, port, protocol):
    if not isinstance(end, dict) or "component" not in end:
        return True  # somebody else's pod, or no pod at all: not ours to judge
    ours = [
        policy["spec"]
        for policy in policies
        if direction in policy["spec"]["policyTypes"]
        and _selects(policy["spec"]["podSelector"], end["component"])
    ]
    rules = [rule for spec in ours for rule in spec.get(direction.lower(), [])]
    return not ours or any(
        {"port": port, "protocol": protocol} in rule["ports"]
        and any(_is_peer(peer, other) for peer in rule["to" if direction == "Egress" else "from"])
        for rule in rules
    )


def _selects(selector, component):
    key = "app.kubernetes.io/component"
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    for label, value in selector.get("matchLabels", {}).items():
        if (label, value) != (key, component):
            return False
    for expression in selector.get("matchExpressions", []):
        assert (expression["key"], expression["operator"]) == (key, "In")
        if component not in expression["values"]:
            return False
    return True


def _is_peer(peer, other):
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return isinstance(other, str) and _in(other, [block["cidr"]], block.get("except", []))
    if not isinstance(other, dict):
        return False
    if "namespaceSelector" in peer:
        assert "podSelector" not in peer
        labels = peer["namespaceSelector"]["matchLabels"]
        return labels == {"kubernetes.io/metadata.name": other.get("namespace")}
    return "component" in other and _selects(peer["podSelector"], other["component"])


def _in(address, inside, outside):
    def within(networks):
        return any(ip_address(address) in ip_network(each) for each in networks)

    return within(inside) and not within(outside)


def test_pods_meet_only_those_they_work_with():
    allowed = {
        (source, destination, port)
        for source in COMPONENTS
        for destination in COMPONENTS
        for port in (8000, 8080, 9100, 6379)
        if can_talk({"component": source}, {"component": destination}, port)
    }
    assert allowed == {
        ("bot", "nginx", 8080),
        ("nginx", "app-image", 8000),
        ("nginx", "app-url", 8000),
    }


def test_a_stranger_in_the_cluster_reaches_nobody():
    for component in COMPONENTS:
        for port in (8000, 8080):
            assert not can_talk({"namespace": "default"}, {"component": component}, port)
            assert not can_talk("10.42.0.7", {"component": component}, port)


@pytest.mark.parametrize(
    ("component", "reaches"),
    [("bot", True), ("app-image", True), ("app-url", True), ("nginx", False)],
)
def test_bot_and_services_reach_telegram(component, reaches):
    assert can_talk({"component": component}, TELEGRAM, 443) is reaches
    assert can_talk({"component": component}, "2001:67c:4e8:f004::9", 443) is reaches


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_only_app_url_reaches_the_internet_on_the_ports_of_the_web(address):
    reaching = [each for each in COMPONENTS if can_talk({"component": each}, address, 443)]
    assert reaching == ["app-url"]
    assert can_talk({"component": "app-url"}, address, 80)
    for port in (22, 25, 53, 6379, 8080):
        assert not can_talk({"component": "app-url"}, address, port)


@pytest.mark.parametrize("network", addresses._DENIED, ids=str)
def test_app_url_reaches_no_address_that_its_own_wall_refuses(network):
    for address in (network[0], network[-1], network[network.num_addresses // 2]):
        for port in (80, 443):
            assert not can_talk({"component": "app-url"}, str(address), port)


def test_no_exception_is_wider_than_our_own_wall():
    """What the second wall refuses the first one refuses too, in better words."""
    refused = [
        network
        for policy in POLICIES
        for rule in policy["spec"].get("egress", [])
        for peer in rule["to"]
        for network in peer.get("ipBlock", {}).get("except", [])
    ]
    assert len(refused) > 15
    assert {ip_network(each) for each in refused} <= set(addresses._DENIED)


@pytest.mark.parametrize("component", COMPONENTS)
def test_everybody_may_ask_for_names_and_only_the_clusters_own_server(component):
    for protocol in ("UDP", "TCP"):
        assert can_talk({"component": component}, DNS, 53, protocol=protocol)
        assert not can_talk({"component": component}, TELEGRAM, 53, protocol=protocol)
    assert not can_talk({"component": component}, DNS, 443)
    assert not can_talk({"component": component}, "169.254.169.254", 80)


def test_in_production_the_ingress_reaches_nginx_and_the_bot_its_queue():
    objects = rendered("overlays/production")
    policies = [each for each in objects if each["kind"] == "NetworkPolicy"]
    controller = {"namespace": "ingress-nginx"}
    assert can_talk(controller, {"component": "nginx"}, 8080, policies=policies)
    assert not can_talk(controller, {"component": "app-image"}, 8000, policies=policies)
    redis = {"component": "redis"}
    reaching = [
        each for each in COMPONENTS if can_talk({"component": each}, redis, 6379, policies=policies)
    ]
    assert reaching == ["bot"]
    assert not can_talk({"namespace": "default"}, redis, 6379, policies=policies)


def test_only_with_its_component_nginx_reaches_the_bots():
    policies = documents(FOLDER / "components" / "webhook" / "network-policies.yaml")
    nginx, bot = {"component": "nginx"}, {"component": "bot"}
    assert not can_talk(nginx, bot, 8001)
    assert can_talk(nginx, bot, 8001, policies=[*POLICIES, *policies])
    assert not can_talk(nginx, bot, 8000, policies=[*POLICIES, *policies])
    for other in ({"component": "app-url"}, {"namespace": "default"}):
        assert not can_talk(other, bot, 8001, policies=[*POLICIES, *policies])


def test_only_with_its_component_prometheus_reaches_anybody():
    (policy,) = documents(FOLDER / "components" / "monitoring" / "network-policy.yaml")
    prometheus = {"namespace": "monitoring"}
    for component in ("app-image", "app-url"):
        assert not can_talk(prometheus, {"component": component}, 8000)
        assert can_talk(prometheus, {"component": component}, 8000, policies=[*POLICIES, policy])
    assert not can_talk(prometheus, {"component": "nginx"}, 8080, policies=[*POLICIES, policy])


def test_with_every_component_app_url_still_meets_nobody():
    """Who opens strangers' pages reaches the web, Telegram and a server of names."""
    files = [*FOLDER.glob("components/*/network-polic*.yaml"), *FOLDER.glob("overlays/*/*.yaml")]
    added = [each for file in files for each in documents(file) if each["kind"] == "NetworkPolicy"]
    assert len(added) >= 6
    policies = [*POLICIES, *added]
    app_url = {"component": "app-url"}
    for component in (*COMPONENTS, "redis"):
        for port in (53, 80, 443, 6379, 8000, 8001, 8080):
            other = {"component": component}
            assert not can_talk(app_url, other, port, policies=policies), (component, port)
    assert can_talk(app_url, TELEGRAM, 443, policies=policies)


def test_an_archive_is_worked_through_without_a_network():
    policies = documents(FOLDER / "archive" / "network-policy.yaml")
    job = {"component": "archive"}
    for other in (TELEGRAM, DNS, {"component": "nginx"}, {"namespace": "default"}):
        for port in (53, 80, 443, 8080):
            assert not can_talk(job, other, port, policies=policies)
            assert not can_talk(other, job, port, policies=policies)
