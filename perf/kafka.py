#!/usr/bin/env python3
"""How fast `monitor --kafka` counts a topic, beside what only reads it.

    cargo build --release
    tests/kafka/with_broker perf/kafka.py

A topic is filled by `generate`, once with a line a message and once with many, and read to its end by each reader in turn,
`--rounds` times over, after a round that warms the broker. The readers: `monitor`, which parses and counts every line; kcat, which
writes them to the null device; kafka-consumer-perf-test, which throws them away. Seconds are of the whole process, from its
start until the last line was counted or the process has ended; the last column leaves out what passes before the first message is
there (start, joining the group), where a reader tells. Broker and readers share the machine: only ratios of one run compare.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from process import table

MONITOR = "monitor, all counted"


def monitor(program, bootstrap, topic, lines, group, flags):
    """Seconds until all lines are counted: of all, and since the first was."""
    argv = [program, "monitor", "--kafka", f"{bootstrap}/{topic}", "--kafka-group", group, "--from-beginning"]
    argv += ["--output", "json", "--refresh", "20ms", *flags]
    begin, first = time.perf_counter(), None
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        for line in process.stdout:
            counted, now = json.loads(line)["account"]["lines"], time.perf_counter()
            if counted and first is None:
                # As if it had counted at this rate since its first message.
                first = (now, counted)
            if counted >= lines:
                rate = (lines - first[1]) / max(now - first[0], 1e-9) if counted > first[1] else None
                return now - begin, lines / rate if rate else None
        raise RuntimeError(f"it ended with status {process.wait()}")
    finally:
        process.terminate()
        # It goes on printing until it has left the group.
        process.communicate()


def to_its_end(argv):
    begin = time.perf_counter()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-500:])
    return time.perf_counter() - begin, None


def consumer_perf_test(jars, bootstrap, topic, messages):
    argv = ["java", "-Xmx1g", "-cp", f"{jars}/*", "org.apache.kafka.tools.ConsumerPerformance", "--topic", topic]
    argv += ["--bootstrap-server", bootstrap, "--messages", str(messages), "--timeout", "60000"]
    begin = time.perf_counter()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError((done.stderr or done.stdout)[-500:])
    seconds = time.perf_counter() - begin
    head, figures = [line.split(", ") for line in done.stdout.strip().splitlines()[-2:]]
    row = dict(zip(head, figures))
    return seconds, float(row["fetch.time.ms"]) / 1000


def filled(program, bootstrap, topic, lines, message_bytes):
    """Fills a topic; its messages."""
    argv = [program, "generate", "access", "-q", "--rate", "max", "--lines", str(lines), "--kafka", f"{bootstrap}/{topic}"]
    argv += ["--kafka-partitions", "4", "--kafka-message-bytes", str(message_bytes)]
    subprocess.run(argv, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/visor-fast")
    parser.add_argument("--lines", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flags", default="", help="further flags of monitor, separated by blanks")
    options = parser.parse_args()
    bootstrap, jars = os.environ.get("KAFKA_BOOTSTRAP"), os.environ.get("KAFKA_JARS")
    if not bootstrap:
        print("skipped, since KAFKA_BOOTSTRAP names no broker (see tests/kafka/with_broker)")
        return
    lines, program = options.lines, options.program
    with tempfile.TemporaryDirectory() as folder:
        sample = f"{folder}/lines"
        subprocess.run([program, "generate", "access", "-q", "--rate", "max", "--lines", "100000", "--file", sample], check=True)
        megabytes = os.path.getsize(sample) / 100_000 * lines / 1e6
    for message_bytes in (0, 65_536):
        topic = f"perf-{os.getpid()}-{message_bytes}"
        filled(program, bootstrap, topic, lines, message_bytes)
        groups = iter(range(1000))
        flags = options.flags.split()
        readers = {
            MONITOR: lambda: monitor(program, bootstrap, topic, lines, f"{topic}-{next(groups)}", flags),
        }
        if shutil.which("kcat"):
            argv = ["kcat", "-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-e", "-q"]
            readers["kcat to the null device"] = lambda: to_its_end(argv)
        else:
            print("kcat: skipped, since it is not installed")
        if not jars:
            print("kafka-consumer-perf-test: skipped, since KAFKA_JARS names no packages")
        elif message_bytes == 0:
            readers["kafka-consumer-perf-test"] = lambda: consumer_perf_test(jars, bootstrap, topic, lines)
        seconds = {name: [] for name in readers}
        for number in range(options.rounds + 1):
            for name, read in readers.items():
                try:
                    spent = read()
                except RuntimeError as error:
                    print(f"failed: {name}: {error}", file=sys.stderr)
                    continue
                if number > 0:
                    seconds[name].append(spent)
        ours = statistics.median(each[0] for each in seconds[MONITOR])
        rows = []
        for name, spent in seconds.items():
            if not spent:
                continue
            whole = statistics.median(each[0] for each in spent)
            reading = [each[1] for each in spent if each[1]]
            rows.append(
                (
                    name,
                    f"{whole:.2f}",
                    f"{lines / whole / 1e6:.2f}",
                    f"{megabytes / whole:.0f}",
                    f"{whole / ours:.2f}",
                    f"{statistics.median(reading):.2f}" if reading else "-",
                )
            )
        what = "a line a message" if message_bytes == 0 else f"messages of {message_bytes:,} B"
        head = [f"{lines:,} lines, {what}", "seconds", "M lines/s", "MB/s", "monitor is faster by", "seconds of reading"]
        print(table(head, rows), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
