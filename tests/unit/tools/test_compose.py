"""docker-compose.yml and the image: sound by their schemas, hardened, and in step with the code.

No Docker engine is asked here. What the file says is run by `tests/e2e/test_compose.py`.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_api.settings import Settings as MlSettings
from tools.compose import Place, Service, read_services, without
from tools.postgres_server import programs
from tools.stack import on_given_server
from txcat_assets.settings import Settings

ROOT = Path(__file__).parents[3]
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: given for name, given in SERVICES.items() if given["image"].startswith("txcat:")}
LONG_RUNNING = {name: given for name, given in SERVICES.items() if given["restart"] != "no"}
DOCKERFILE = (ROOT / "Dockerfile").read_text()

PORTS = {
    3000: 13000,
    4000: 14000,
    5432: 15432,
    8900: 18900,
    8910: 18910,
    9092: 19092,
    9093: 19093,
    9094: 19094,
}
PLACE = Place(Path("/var/tmp/stack"), PORTS)  # noqa: S108 - nothing is written there


def load_yaml(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return read


def variables_of(service: str) -> dict[str, str]:
    given: dict[str, str] = SERVICES[service].get("environment", {})
    return given


def services() -> dict[str, Service]:
    return read_services(PLACE, {"TXCAT_KAFKA_BOOTSTRAP_SERVERS": "kafka:9094"})


def test_docker_and_make_run_the_same_kafka() -> None:
    pom = (ROOT / "tools" / "kafka" / "pom.xml").read_text()
    found = re.search(r"kafka_2.13</artifactId>\s*<version>([\d.]+)<", pom)
    assert found
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{found[1]}"


def test_docker_and_make_run_the_same_postgres() -> None:
    said = subprocess.check_output([programs() / "postgres", "--version"], text=True)
    assert SERVICES["postgres"]["image"] == f"postgres:{said.split()[-1]}"


def test_the_file_is_what_the_specification_of_compose_allows() -> None:
    words = "check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml"
    subprocess.run([BIN / words.split(maxsplit=1)[0], *words.split()[1:]], cwd=ROOT, check=True)


def test_the_image_is_made_as_hadolint_wants() -> None:
    subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], check=True)


def test_the_image_is_of_hashed_pins_without_what_builds_it_and_without_root() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert DOCKERFILE.count("\nFROM ") == 2
    assert re.search(r"^USER \d+$", last, re.MULTILINE)
    assert not re.search(r"\b(pip|uv|apt-get|gcc|COPY (?!--from=build|deploy))", last)
    installs = re.findall(r"pip install [^&]*-r", DOCKERFILE)
    assert len(installs) == 2
    assert all("--require-hashes" in install for install in installs)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_limited_and_its_log_too(name: str) -> None:
    given = SERVICES[name]
    assert given["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert given["logging"]["options"].keys() == {"max-size", "max-file"}
    assert re.search(r":\d+\.\d+", given["image"])


@pytest.mark.parametrize("name", LONG_RUNNING)
def test_a_service_that_stays_is_checked_and_started_again(name: str) -> None:
    assert LONG_RUNNING[name]["restart"] == "unless-stopped"
    assert LONG_RUNNING[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_until_what_it_needs_is_well_or_done(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_healthy" if needed in LONG_RUNNING else "service_completed_successfully"
        assert how["condition"] == wanted


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_has_no_rights_beyond_its_own(name: str) -> None:
    assert OURS[name]["cap_drop"] == ["ALL"]
    assert OURS[name]["security_opt"] == ["no-new-privileges:true"]


def test_no_password_stands_in_the_file_or_in_the_repository() -> None:
    named = {name for given in SERVICES.values() for name in given.get("environment", {})}
    assert {name for name in named if "PASSWORD" in name} == {"POSTGRES_PASSWORD_FILE"}
    files = [f".txcat/secrets/{name}" for name in COMPOSE["secrets"]]
    ignored = subprocess.check_output(["git", "check-ignore", *files], cwd=ROOT, text=True)
    assert ignored.split() == files


def test_the_script_makes_every_secret_once(tmp_path: Path) -> None:
    def make() -> dict[str, str]:
        subprocess.run([ROOT / "deploy/secrets.sh", tmp_path / "secrets"], check=True)
        return {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}

    made = make()
    assert made.keys() == COMPOSE["secrets"].keys()
    assert len(set(made.values())) == len(made)
    assert all(len(password) == 48 for password in made.values())
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    assert make() == made


def test_every_variable_is_one_that_somebody_reads() -> None:
    named = {name for given in OURS.values() for name in given.get("environment", {})}
    known = {f"TXCAT_{name.upper()}" for name in Settings.model_fields}
    known |= {f"ML_API_{name.upper()}" for name in MlSettings.model_fields}
    known |= named_in("deploy/dagster.yaml") | named_in("deploy/workspace.yaml")
    assert named - known == {"DAGSTER_HOME"}


def named_in(file: str) -> set[str]:
    """The variables that a file of Dagster's names."""
    return set(re.findall(r"env: (\w+)", (ROOT / file).read_text()))


@pytest.mark.parametrize("name", [name for name in OURS if "DAGSTER_HOME" in variables_of(name)])
def test_who_reads_dagsters_settings_has_every_variable_in_them(name: str) -> None:
    given = variables_of(name).keys() | {secret.upper() for secret in services()[name].secrets}
    assert given >= named_in("deploy/dagster.yaml") | named_in("deploy/workspace.yaml")


def test_only_what_works_on_records_knows_the_warehouse() -> None:
    knowing = {n for n, one in services().items() if "txcat_warehouse_password" in one.secrets}
    assert knowing == {"upgrade", "code", "api"}


def test_the_two_settings_of_dagster_differ_where_they_say_so() -> None:
    embedded, production = load_yaml("dagster.yaml"), load_yaml("deploy/dagster.yaml")
    keys = embedded.keys() | production.keys()
    differing = {key for key in keys if embedded.get(key) != production.get(key)}
    assert differing == {"storage", "run_launcher"}


def test_the_entry_point_gives_dagster_its_secrets_and_nobody_elses(tmp_path: Path) -> None:
    (tmp_path / "dagster_postgres_password").write_text("of dagster\n")
    (tmp_path / "txcat_warehouse_password").write_text("of txcat\n")
    said = subprocess.check_output(
        [ROOT / "deploy/entrypoint.sh", "env"], env={"TXCAT_SECRETS": str(tmp_path)}, text=True
    )
    assert "DAGSTER_POSTGRES_PASSWORD=of dagster\n" in said
    assert "of txcat" not in said


def test_a_service_as_a_process_finds_the_others_on_this_machine() -> None:
    code = services()["code"]
    assert code.environment["TXCAT_WAREHOUSE_URL"].endswith("txcat_writer@127.0.0.1:15432/txcat")
    assert code.environment["DAGSTER_POSTGRES_HOST"] == "127.0.0.1"
    assert code.environment["TXCAT_KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:19094"
    assert code.command[:4] == ["deploy/entrypoint.sh", "dagster", "api", "grpc"]
    assert code.command[4:8] == ["--host", "127.0.0.1", "--port", "14000"]
    assert services()["ml_api"].command[1:] == ["python", "-m", "ml_api"]


def test_a_service_as_a_process_keeps_its_files_in_the_stacks_folder() -> None:
    environment = services()["code"].environment
    assert environment["DAGSTER_HOME"] == str(PLACE.folder / "dagster")
    assert environment["TXCAT_SECRETS"] == str(PLACE.secrets_of("code"))
    assert environment["TXCAT_INBOX"] == str(ROOT / ".txcat/inbox")


def test_nothing_waits_for_what_is_left_out() -> None:
    left = without(services(), "kafka", "topics")
    assert "kafka" not in left
    assert left["code"].needs.keys() == {"upgrade", "ml_api"}


def test_a_server_of_the_users_own_serves_dagster_and_the_warehouse() -> None:
    moved = on_given_server(services(), "postgresql://me:a%2Fb@db.example:6543/mine")
    assert "postgres" not in moved
    environment = moved["code"].environment
    assert environment["TXCAT_WAREHOUSE_URL"] == "postgresql://me:a%2Fb@db.example:6543/mine"
    given = {k.removeprefix("DAGSTER_POSTGRES_"): v for k, v in environment.items()}
    assert (given["HOST"], given["PORT"], given["DB"]) == ("db.example", "6543", "mine")
    assert (given["USER"], given["PASSWORD"]) == ("me", "a/b")
    assert "DAGSTER_POSTGRES_PASSWORD" not in moved["ml_api"].environment


def test_the_image_starts_what_the_code_location_starts() -> None:
    words = re.search(r"^CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    assert words
    assert json.loads(words[1]) == SERVICES["code"]["command"]
