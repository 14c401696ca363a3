"""What txcat is built of: known to the last package, of licences that bind nobody who runs it.

Line 13 of the attack list in docs/security.md; `make lint` runs bandit, `make pins` makes the bill.
"""

import json
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PINS = dict(
    re.findall(r"^([\w.-]+)==([\w.!+-]+)", (ROOT / "requirements/runtime.txt").read_text(), re.M)
)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
MANIFESTS = list(yaml.safe_load_all((ROOT / "deploy/helm/txcat.yaml").read_text()))
COPYLEFT = re.compile(r"(?<!L)(?<!Lesser )A?GPL|GNU (Affero )?General Public", re.IGNORECASE)


def licence_of(name: str) -> str:
    """What a package says of its licence; empty where it is not installed on this platform."""
    try:
        given = distribution(name).metadata
    except PackageNotFoundError:
        return ""
    classified = [c for c in given.get_all("Classifier") or [] if c.startswith("License")]
    named = [*(given.get_all("License-Expression") or []), *(given.get_all("License") or [])]
    return " ".join([*(licence.partition("\n")[0] for licence in named), *classified])


@pytest.mark.parametrize("name", PINS)
def test_no_package_at_run_time_is_under_the_gpl(name: str) -> None:
    assert not COPYLEFT.search(licence_of(name)), licence_of(name)


def test_the_bill_of_materials_is_that_of_the_pins() -> None:
    bill = json.loads((ROOT / "requirements/sbom.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert {one["name"]: one["version"] for one in bill["components"]} == PINS


@pytest.mark.parametrize("name", COMPOSE)
def test_a_container_has_few_processes_and_no_new_privileges(name: str) -> None:
    assert COMPOSE[name]["pids_limit"] <= 1024
    assert COMPOSE[name]["security_opt"] == ["no-new-privileges:true"]
    assert COMPOSE[name].get("read_only") or name == "kafka"  # its image writes its settings


@pytest.mark.parametrize("name", ["txcat-ml-api", "txcat-api", "txcat-upgrade"])
def test_a_pod_of_ours_writes_nothing_and_has_no_token(name: str) -> None:
    (manifest,) = [
        one
        for one in MANIFESTS
        if one["metadata"]["name"] == name and one["kind"] in {"Deployment", "Job"}
    ]
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_the_ml_service_is_reached_by_its_namespace_alone_and_asks_nobody() -> None:
    (policy,) = [one["spec"] for one in MANIFESTS if one["kind"] == "NetworkPolicy"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy
