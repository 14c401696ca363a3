"""Measures the way from a real Kafka to categorized rows: `make bench-kafka`.

    python -m tools.bench_kafka [--backlog N] [--sparse N] [--seconds S] [--rate N] [--soak N]

A size of 0 leaves a part out. Whole processes run: a broker, the ML service, Dagster's daemon with
the shipped dagster.yaml. How they are started is in `tools.bench_kafka_site`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

from data.make_big_file import make_big_file
from tools.bench import HOME, cost_of, expect, fresh_folder, ml_service
from tools.bench_kafka_site import Site, Started, daemon, site_on
from tools.kafka_broker import Broker, free_port

READ = """
import json, sys, time
from kafka import KafkaConsumer, TopicPartition
address, topic, left = sys.argv[1], sys.argv[2], int(sys.argv[3])
consumer = KafkaConsumer(bootstrap_servers=address, auto_offset_reset="none")
at = [TopicPartition(topic, n) for n in range(3)]
consumer.assign(at)
consumer.seek_to_beginning(*at)
while left:
    for messages in consumer.poll(1_000, max_records=20_000).values():
        left -= len(messages)
        [json.loads(message.value) for message in messages if message.value.startswith(b"{")]
"""
"""What anybody would write to read and decode a topic."""


def backlog(site: Site, rows: int) -> None:
    """Drain a backlog; against reading and decoding it, plus the same records by the file's way."""
    file = HOME / f"{rows}.csv"
    truth = make_big_file(file, rows)
    settings = site.in_folder(fresh_folder())
    to_produce = [site.txcat, "produce", str(file)]
    subprocess.run(to_produce, env=os.environ | settings, check=True, stderr=subprocess.DEVNULL)
    plain, _ = cost_of([sys.executable, "-c", READ, site.address, "transactions", str(rows)])
    by_file, _ = cost_of([site.txcat, "load", str(file)], **site.in_folder(fresh_folder()))
    mine = site.in_folder(fresh_folder())
    drained, _ = cost_of(site.materialize(), **mine)
    expect({"all": truth["validated"]}, {"all": Started(mine).count("categorized")})
    ratio = drained.seconds / (plain.seconds + by_file.seconds)
    print(
        f"backlog of {rows:,}: {drained.seconds:.1f} s, {drained.peak_mb:,.0f} MiB; read and "
        f"decode alone {plain.seconds:.1f} s, by file {by_file.seconds:.1f} s: ratio {ratio:.2f}",
        flush=True,
    )


def latency(site: Site, messages: int, rate: int) -> None:
    """Message to categorized row: now and then one, then a steady hundred a second."""
    for name, is_shipped in (("shipped dagster.yaml", True), ("Dagster's defaults", False)):
        with daemon(site, is_shipped=is_shipped) as started:
            since = 0.0
            for number in range(messages):
                since = since or time.time()
                site.send(1)
                time.sleep(9 + number % 5)
            _print_latencies(f"sparse, {name}", started.latencies(since))
            since = time.time()
            site.send_steadily(rate, 40)
            until(lambda: started.lag() == 0, 120)
            time.sleep(5)  # for the last to be categorized
            _print_latencies(f"{rate} a second, {name}", started.latencies(since))


def flow(site: Site, rate: int, seconds: int) -> None:
    """A steady flow: how far the ledger falls behind at most, and that nothing is lost."""
    with daemon(site, is_shipped=True) as started:
        lags: list[int] = []
        sent = site.send_steadily(rate, seconds, lambda: lags.append(started.lag()))
        until(lambda: started.lag() == 0, 300)
        time.sleep(5)  # for the last to be categorized
        half = len(lags) // 2
        print(
            f"{rate:,} a second for {seconds} s: lag median {median(lags):,.0f}, at most "
            f"{max(lags[:half]):,} in the first half and {max(lags[half:]):,} in the second",
            flush=True,
        )
        _print_latencies(f"{rate:,} a second", started.latencies())
        expect({"categorized": sent + 1}, {"categorized": started.count("categorized")})


def soak(site: Site, runs: int) -> None:
    """Many micro-batch runs: what one costs at the beginning and at the end."""
    arguments = [site.address, site.ml_url, str(runs)]
    cost, output = cost_of([sys.executable, "-m", "tools.bench_kafka_site", *arguments])
    print(f"{output.strip()} ({cost.seconds:.0f} s, {cost.peak_mb:,.0f} MiB)", flush=True)


def _print_latencies(what: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p50, p95 = (ordered[int(len(ordered) * q)] for q in (0.5, 0.95))
    print(f"{what}: {len(ordered):,} messages, p50 {p50:.2f} s, p95 {p95:.2f} s", flush=True)


def until(is_so: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            sys.exit(f"it took more than {seconds} s; the daemon's log is in {HOME}")
        time.sleep(0.25)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backlog", type=int, default=1_000_000, help="messages to drain")
    parser.add_argument("--sparse", type=int, default=10, help="single messages, for the latency")
    parser.add_argument("--seconds", type=int, default=300, help="how long the flow is held")
    parser.add_argument("--rate", type=int, default=2_000, help="its messages a second")
    parser.add_argument("--soak", type=int, default=300, help="micro-batch runs")
    args = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    with ml_service() as ml_url:
        parts: list[tuple[int, Callable[[Site], None]]] = [
            (args.backlog, lambda site: backlog(site, args.backlog)),
            (args.sparse, lambda site: latency(site, args.sparse, 100)),
            (args.seconds, lambda site: flow(site, args.rate, args.seconds)),
            (args.soak, lambda site: soak(site, args.soak)),
        ]
        for size, part in parts:
            if size:
                shutil.rmtree(HOME / "broker", ignore_errors=True)
                with site_on(Broker(HOME / "broker", free_port()), ml_url) as site:
                    part(site)


if __name__ == "__main__":
    main()
