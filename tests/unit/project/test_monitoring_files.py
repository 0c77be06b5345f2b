"""deploy/monitoring: Prometheus takes its files, the alerts do what they say, and every metric exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from containers import BROKER, COMPOSE, SERVICES
from filled_run import filled_registry
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

FOLDER = Path(__file__).parents[3] / "deploy" / "monitoring"
DASHBOARD = json.loads((FOLDER / "grafana" / "dashboards" / "gistream.json").read_text())
ALERTS = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
PAGE = (FOLDER.parents[1] / "docs" / "monitoring.md").read_text()


def expressions() -> list[str]:
    """Return every PromQL expression of the dashboard and the rules."""
    variables = [variable["query"]["query"] for variable in DASHBOARD["templating"]["list"]]
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return variables + targets + [rule["expr"] for group in ALERTS for rule in group["rules"]]


def test_every_metric_that_is_named_exists() -> None:
    text = generate_latest(filled_registry()).decode()
    samples = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    named = {name for expression in expressions() for name in re.findall(r"\b(?:gistream|process)_\w+", expression)}
    assert len(named) > 15
    assert named - samples == set()


def test_every_label_that_is_named_exists() -> None:
    text = generate_latest(filled_registry()).decode()
    labels = {name for family in text_string_to_metric_families(text) for s in family.samples for name in s.labels}
    # Prometheus itself adds these.
    labels |= {"instance", "job"}
    used = {
        name
        for expression in expressions()
        for group in re.findall(r"\bby \(([^)]*)\)|\{([^}]*)\}", expression)
        for name in re.findall(r"(\w+)(?==)", group[1]) + re.findall(r"\w+", group[0])
    }
    assert used - labels == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_takes_its_files_and_the_alerts_do_what_they_say(arguments: tuple[str, ...]) -> None:
    yaml.safe_load((FOLDER / arguments[-1]).read_text())
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not here; Debian has it in the package prometheus")
    done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_on_the_page() -> None:
    alerts = {rule["alert"] for group in ALERTS for rule in group["rules"]}
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    assert {case["alertname"] for test in tests for case in test["alert_rule_test"]} == alerts
    assert [alert for alert in alerts if f"`{alert}`" not in PAGE] == []


def test_every_metric_is_on_the_page() -> None:
    text = generate_latest(filled_registry()).decode()
    families = re.findall(r"# TYPE (gistream_\w+)", text)
    assert [name for name in families if f"`{name}" not in PAGE] == []


def test_prometheus_asks_the_summarizer_on_its_own_port() -> None:
    [job] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    environment = SERVICES["summarizer"]["environment"]
    assert job["static_configs"] == [{"targets": [f"summarizer:{environment['GISTREAM_METRICS_PORT']}"]}]
    assert environment["GISTREAM_METRICS_HOST"] == "0.0.0.0"
    assert "ports" not in SERVICES["summarizer"]


def test_monitoring_is_a_profile_that_this_machine_alone_reaches() -> None:
    names = {name for name, service in SERVICES.items() if service.get("profiles") == ["monitoring"]}
    assert names == {"prometheus", "grafana"}
    for name in names:
        assert all(port.startswith("127.0.0.1:") for port in SERVICES[name]["ports"]), name
        assert SERVICES[name]["read_only"], name
        for mount in SERVICES[name]["volumes"]:
            source = mount.split(":")[0]
            assert source in COMPOSE["volumes"] or (FOLDER.parents[1] / source).exists(), mount
    assert "profiles" not in BROKER


def test_whoever_looks_at_grafana_can_change_nothing() -> None:
    environment = SERVICES["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"
    [provider] = yaml.safe_load((FOLDER / "grafana/provisioning/dashboards/gistream.yml").read_text())["providers"]
    assert f"{provider['options']['path']}/gistream.json" == environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    [source] = yaml.safe_load((FOLDER / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    asked = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]}
    assert asked == {source["uid"]}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
