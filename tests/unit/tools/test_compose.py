"""The compose file names the Kafka that `make kafka` runs; no Docker engine is asked here."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_docker_and_make_run_the_same_kafka() -> None:
    compose = (ROOT / "docker-compose.yml").read_text()
    pom = (ROOT / "tools" / "kafka" / "pom.xml").read_text()
    found = re.search(r"kafka_2.13</artifactId>\s*<version>([\d.]+)<", pom)
    assert found
    assert f"image: apache/kafka:{found[1]}\n" in compose
