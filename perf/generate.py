#!/usr/bin/env python3
"""How fast `generate` is, beside what the same machine does at its best in the same minutes.

    cargo build --release
    perf/generate.py                                        # /dev/null, pipe, file, TCP, rates
    tests/kafka/with_broker perf/generate.py --only kafka   # beside Kafka's own producer

Only ratios of one run compare. TCP is measured against a sender that writes one buffer of log lines again and again, Kafka
against kafka-producer-perf-test and kcat (where installed) with messages of the same size and the same settings.
"""

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from process import table

MIB = 1 << 20


def summary(said):
    """Lines, bytes a second and lateness of a summary on stderr."""
    match = re.search(r": ([\d,]+) lines, .* in ([\d.]+) s: ([\d,]+) lines/s, ([\d.]+) (\w?B)/s", said)
    if not match:
        raise RuntimeError(said)
    scale = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[match[5]]
    late = re.search(r"late after being due: .*p99 ([\d.]+) (ms|s),.*max ([\d.]+) (ms|s)", said)
    return {
        "lines": int(match[1].replace(",", "")),
        "seconds": float(match[2]),
        "lines_a_second": int(match[3].replace(",", "")),
        "bytes_a_second": float(match[4]) * scale,
        "p99_ms": float(late[1]) * (1000 if late[2] == "s" else 1) if late else None,
        "shed": int((re.search(r"([\d,]+) lines shed", said) or [0, "0"])[1].replace(",", "")),
    }


def generate(program, arguments, one_core=False, stdout=subprocess.DEVNULL):
    argv = [program, "generate", "access", *map(str, arguments)]
    if one_core:
        argv = ["taskset", "-c", "0", *argv]
    done = subprocess.run(argv, stdout=stdout, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return summary(done.stderr)


class Receiver(threading.Thread):
    """Takes one connection and reads it to its end, in a process of its own so that the reader has its own interpreter."""

    CODE = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0)); print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept(); buffer = bytearray(1 << 20); total = 0
while (count := connection.recv_into(buffer)): total += count
connection.close(); print(total, flush=True)
"""

    def __init__(self):
        super().__init__()
        self.process = subprocess.Popen([sys.executable, "-c", self.CODE], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def total(self):
        total = int(self.process.stdout.readline())
        self.process.wait()
        return total


def constant_tcp(total_bytes, line):
    """Bytes a second of one buffer that is written again and again."""
    receiver = Receiver()
    buffer = memoryview(line * (MIB // len(line)))
    begin = time.perf_counter()
    with socket.create_connection(("127.0.0.1", receiver.port)) as connection:
        for _ in range(total_bytes // len(buffer)):
            connection.sendall(buffer)
    total = receiver.total()
    return total / (time.perf_counter() - begin)


def flat_out(program, lines, rounds):
    rows = []
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        truth = ["--truth", f"{folder}/truth.json"]
        cases = [
            ("/dev/null, one core", ["--threads", 1], True, subprocess.DEVNULL),
            ("/dev/null, one core, --truth", ["--threads", 1, *truth], True, subprocess.DEVNULL),
            ("/dev/null, all cores", [], False, subprocess.DEVNULL),
            ("/dev/null, all cores, --truth", truth, False, subprocess.DEVNULL),
            ("pipe to cat", [], False, "pipe"),
            ("pipe to cat, --truth", truth, False, "pipe"),
            ("a file in memory", ["--file", f"{folder}/a.log"], False, subprocess.DEVNULL),
        ]
        for name, flags, one_core, stdout in cases:
            rates = []
            for _ in range(rounds):
                count = min(lines, 4_000_000) if "file" in name else lines
                arguments = ["--rate", "max", "--lines", count, *flags]
                if stdout == "pipe":
                    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                    rates.append(generate(program, arguments, one_core, cat.stdin))
                    cat.stdin.close()
                    cat.wait()
                else:
                    rates.append(generate(program, arguments, one_core, stdout))
            rate = statistics.median(each["bytes_a_second"] for each in rates)
            count = statistics.median(each["lines_a_second"] for each in rates)
            rows.append((name, f"{rate / 1e9:.2f}", f"{count / 1e6:.1f}"))
    print(table(["--rate max to", "GB/s", "M lines/s"], rows), end="\n\n")


def tcp(program, lines, rounds):
    line = subprocess.run([program, "generate", "access", "--lines", "2000", "-q"], stdout=subprocess.PIPE).stdout
    ours, constant, with_truth = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for rates, flags in ((ours, []), (with_truth, ["--truth", f"{folder}/t.json"])):
                receiver = Receiver()
                to = ["--tcp", f"127.0.0.1:{receiver.port}"]
                rates.append(generate(program, ["--rate", "max", "--lines", lines, *to, *flags])["bytes_a_second"])
                total = receiver.total()
            constant.append(constant_tcp(total, line))
    best = statistics.median(constant)
    rows = [
        (name, f"{statistics.median(rates) / 1e9:.2f}", f"{statistics.median(rates) / best:.2f}")
        for name, rates in (("a constant buffer", constant), ("generate", ours), ("generate --truth", with_truth))
    ]
    print(table(["loopback TCP", "GB/s", "ratio"], rows), end="\n\n")


def paced(program, rounds):
    rows = []
    for rate in (1000, 100_000, 1_000_000):
        for _ in range(rounds):
            said = generate(program, ["--rate", rate, "--duration", "10s"])
            held = said["lines"] / said["seconds"] / rate
            rows.append((f"{rate:,}", f"{(held - 1) * 100:+.3f} %", f"{said['p99_ms']:.2f}", said["shed"]))
    print(table(["lines a second for 10 s", "held within", "p99 of lateness, ms", "shed"], rows), end="\n\n")


def kafka(program, count, rounds):
    bootstrap, jars = os.environ.get("KAFKA_BOOTSTRAP"), os.environ.get("KAFKA_JARS")
    if not bootstrap:
        print("Kafka: skipped, since KAFKA_BOOTSTRAP names no broker (see tests/kafka/with_broker)")
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = f"{folder}/lines"
        subprocess.run([program, "generate", "access", "-q", "--lines", str(count), "--file", lines], check=True)
        size = os.path.getsize(lines) // count
        settings = {"linger.ms": "5", "compression.type": "none"}
        peers = {}
        for acks in ("all", "1"):
            topic = f"perf-{os.getpid()}-{acks}"
            ours = [program, "generate", "access", "--lines", count, "--rate", "max", "--kafka", f"{bootstrap}/{topic}"]
            ours += ["--kafka-partitions", 4, "--kafka-acks", acks]
            peers[f"generate, acks={acks}"] = ours
            if jars:
                peers[f"kafka-producer-perf-test, acks={acks}"] = [
                    *("java", "-Xmx1g", "-cp", f"{jars}/*", "org.apache.kafka.tools.ProducerPerformance"),
                    *("--topic", topic, "--num-records", count, "--record-size", size, "--throughput", -1),
                    *("--producer-props", f"bootstrap.servers={bootstrap}", f"acks={acks}", "batch.size=1000000"),
                    *(f"{name}={value}" for name, value in settings.items()),
                ]
            tool = os.environ.get("RDKAFKA_PERFORMANCE") or shutil.which("rdkafka_performance")
            if tool:
                peers[f"rdkafka_performance, acks={acks}"] = [
                    *(tool, "-P", "-t", topic, "-b", bootstrap, "-c", count, "-s", size, "-a", -1 if acks == "all" else 1),
                    *("-X", "linger.ms=5", "-X", "batch.num.messages=100000", "-X", "queue.buffering.max.messages=1000000"),
                    *("-X", f"enable.idempotence={'true' if acks == 'all' else 'false'}"),
                ]
            if shutil.which("kcat"):
                peers[f"kcat -l, acks={acks}"] = [
                    *("kcat", "-P", "-b", bootstrap, "-t", topic, "-l", "-X", f"acks={acks}", "-X", "linger.ms=5", lines),
                ]
        seconds = {name: [] for name in peers}
        for _ in range(rounds + 1):  # the first warms topic and broker
            for name, argv in peers.items():
                begin = time.perf_counter()
                done = subprocess.run([str(part) for part in argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                spent = time.perf_counter() - begin
                if done.returncode != 0:
                    print(f"failed: {name}: {done.stderr[-500:]}", file=sys.stderr)
                own = re.findall(r"([\d.]+) records/sec", done.stdout) or re.findall(r"(\d+) msgs/s", done.stdout)
                if "generate" in name:
                    spent = summary(done.stderr)["seconds"]
                elif own:
                    spent = count / float(own[-1])
                seconds[name].append(spent)
    best = {acks: min(statistics.median(each[1:]) for name, each in seconds.items() if acks in name and "generate" not in name) for acks in ("acks=all", "acks=1")}
    rows = []
    for name, each in seconds.items():
        median = statistics.median(each[1:])
        acks = name.split(", ")[1]
        rows.append((name, f"{count / median:,.0f}", f"{count * size / median / 1e6:.0f}", f"{best[acks] / median:.2f}"))
    print(table([f"{count:,} messages of {size} B", "messages/s", "MB/s", "of the best peer"], rows), end="\n\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/visor-fast")
    parser.add_argument("--lines", type=int, default=20_000_000)
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["max", "tcp", "rate", "kafka"])
    options = parser.parse_args()
    parts = {
        "max": lambda: flat_out(options.program, options.lines, options.rounds),
        "tcp": lambda: tcp(options.program, options.lines // 2, options.rounds),
        "rate": lambda: paced(options.program, 1),
        "kafka": lambda: kafka(options.program, options.messages, options.rounds),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()


if __name__ == "__main__":
    main()
