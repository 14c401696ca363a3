"""The files for Kubernetes are in step with the code, the pins and docker-compose.yml.

No cluster is asked here, and the schema of Dagster's chart is not carried along; docs/operations.md
says how both were checked.
"""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from ml_api.settings import Settings as MlSettings
from txcat_assets.settings import Settings

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "deploy/helm/values.yaml").read_text()
VALUES: dict[str, Any] = yaml.safe_load(TEXT)
(DEPLOYMENT,) = VALUES["dagster-user-deployments"]["deployments"]
MANIFESTS_TEXT = (ROOT / "deploy/helm/txcat.yaml").read_text()
MANIFESTS = {
    one["metadata"]["name"]: one
    for one in yaml.safe_load_all(MANIFESTS_TEXT)
    if one["kind"] in {"Deployment", "Job"}
}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SETTINGS = {f"TXCAT_{name.upper()}" for name in Settings.model_fields}


def container(name: str) -> dict[str, Any]:
    """The one container of a pod of ours."""
    (found,) = MANIFESTS[name]["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_the_image_is_the_one_that_compose_builds() -> None:
    image = COMPOSE["services"]["code"]["image"]
    named = {container(name)["image"] for name in MANIFESTS}
    named.add("{repository}:{tag}".format(**DEPLOYMENT["image"]))
    assert named == {f"REGISTRY/{image}"}


def test_web_server_and_daemon_are_of_the_pinned_dagster() -> None:
    tags = {VALUES[part]["image"]["tag"] for part in ("dagsterWebserver", "dagsterDaemon")}
    assert tags == {version("dagster")}
    assert f"version {version('dagster')}" in TEXT


def test_the_code_location_and_the_upgrade_start_as_in_compose() -> None:
    services = COMPOSE["services"]
    assert DEPLOYMENT["dagsterApiGrpcArgs"] == services["code"]["command"][-4:]
    assert container("txcat-ml-api")["args"] == services["ml_api"]["command"]
    assert container("txcat-api")["args"] == services["api"]["command"]
    words = " ".join(container("txcat-upgrade")["args"])
    assert words in (ROOT / services["upgrade"]["command"][0]).read_text()


def test_every_variable_is_a_setting() -> None:
    assert DEPLOYMENT["env"].keys() <= SETTINGS
    for name in ("txcat-upgrade", "txcat-api"):
        assert {one["name"] for one in container(name)["env"]} <= SETTINGS
    known = {f"ML_API_{name.upper()}" for name in MlSettings.model_fields}
    assert {one["name"] for one in container("txcat-ml-api")["env"]} <= known


def test_secrets_are_files_named_like_settings_and_no_password_is_written_down() -> None:
    keys = set(re.findall(r"its key (txcat_\w+)", TEXT + MANIFESTS_TEXT))
    assert keys == {"txcat_warehouse_password"}
    assert {key.upper() for key in keys} <= SETTINGS
    assert DEPLOYMENT["env"]["TXCAT_SECRETS"] == DEPLOYMENT["volumeMounts"][0]["mountPath"]
    assert "Password:" not in TEXT


def test_dagster_differs_from_the_embedded_one_in_storage_and_launching_only() -> None:
    embedded = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    purged = VALUES["retention"]["sensor"]["purgeAfterDays"]
    assert purged == embedded["retention"]["sensor"]["purge_after_days"]
    daemon = VALUES["dagsterDaemon"]
    assert daemon["sensors"]["numWorkers"] == embedded["sensors"]["num_workers"]
    queue = daemon["runCoordinator"]["config"]["queuedRunCoordinator"]
    (limit,) = queue["tagConcurrencyLimits"]
    (embedded_limit,) = embedded["concurrency"]["runs"]["tag_concurrency_limits"]
    assert (limit["key"], limit["value"]) == (embedded_limit["key"], embedded_limit["value"])
