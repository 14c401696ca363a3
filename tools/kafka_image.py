"""Does without Docker what the official image of Apache Kafka does: it becomes a broker that the
variables KAFKA_* describe. Its folder, log.dirs, is formatted where it is new.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.kafka_broker import Missing, cluster_id, java_command


def properties(environment: Mapping[str, str]) -> dict[str, str]:
    """Kafka's settings by the image's rule: KAFKA_LOG_DIRS is log.dirs."""
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }


def main() -> None:
    """Become the broker; SIGTERM ends it."""
    settings = properties(os.environ)
    data = Path(settings["log.dirs"])
    data.mkdir(parents=True, exist_ok=True)
    config = data.with_name(f"{data.name}.properties")
    config.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    try:
        java = java_command()
    except Missing as missing:
        sys.exit(f"kafka: {missing}")
    if not (data / "meta.properties").exists():
        new = ["format", "-t", cluster_id(), "-c", str(config)]
        subprocess.run([*java, "kafka.tools.StorageTool", *new], capture_output=True, check=True)
    served = [*java, "-Xmx512m", "-XX:TieredStopAtLevel=1", "kafka.Kafka", str(config)]
    os.execv(served[0], served)  # noqa: S606 - no shell is what is wanted


if __name__ == "__main__":
    main()
