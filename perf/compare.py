#!/usr/bin/env python3
"""Runs visor-fast and its peers on one log, in turn, several rounds, and prints medians and ratios.

    cargo build --release
    perf/make_log.py > big.log
    python3 -m venv peers && peers/bin/pip install polars duckdb chdb pyspark
    perf/compare.py big.log --python peers/bin/python --json results.json

A peer that is not installed is named and left out. All read the file warm (it is read once before); each run is a whole
process, its start included. `wc -l` is the yardstick: figures of different machines compare only as ratios to it. What
is asked of peers is less than what visor-fast reports (see peers.py). GoAccess, which takes minutes, reads the first
tenth of the file unless --goaccess-share says otherwise; its ratio is to that share of `wc -l`.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import aspects
import peers
from process import Times, rounds, run, table

HERE = Path(__file__).resolve().parent
ONE, TWO = "visor-fast, 1 thread", "visor-fast, 2 threads"


def peers_table(arguments, log, size):
    """Times of visor-fast and of all peers, and their rows."""
    visor = arguments.visor
    todo = {
        "`wc -l`": ["wc", "-l", log],
        TWO: aspects.analyze(visor, "-j", "2", log),
        f"{TWO}, `--no-mmap`": aspects.analyze(visor, "-j", "2", "--no-mmap", log),
        ONE: aspects.analyze(visor, "-j", "1", log),
    }
    found, missing = peers.commands(log, arguments.python, 2)
    words = arguments.only.split(",") if arguments.only else [""]
    todo |= {name: argv for name, argv in found.items() if any(word in name for word in words)}
    for name in missing:
        print(f"skipped: {name}: not installed", file=sys.stderr)
    times = rounds(todo, arguments.rounds)
    base, shares = times["`wc -l`"].median, {}
    if any(word in "GoAccess" for word in words):
        name, of, share = goaccess_times(log, size, arguments.goaccess_share, arguments.scratch)
        if of is not None:
            times[name], shares[name] = of, share
    rows = []
    for name, of in sorted(times.items(), key=lambda item: item[1].median / shares.get(item[0], 1)):
        share = shares.get(name, 1)
        pace = size * share / of.median / 1e9
        ratio = of.median / share / base
        rows.append((name, f"{of.median:.3f}", f"{of.least:.3f}", f"{ratio:.1f}", f"{pace:.2f}", of.peak_kib >> 10))
    return times, rows


def goaccess_times(log, size, share, scratch):
    """Its name, its time for one run on the first `share` of the log, and the share."""
    if peers.goaccess(log, 2) is None:
        print("skipped: GoAccess: not installed", file=sys.stderr)
        return "GoAccess", None, share
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".log") as part:
        subprocess.run(["head", "-c", str(int(size * share)), log], stdout=part, check=True)
        name, argv = peers.goaccess(part.name if share < 1 else log, 2)
        seconds, peak = run(argv)
    return f"{name}{f', on the first {share:.0%} of the file' if share < 1 else ''}", Times([seconds], peak), share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="what takes over 20 s runs once")
    parser.add_argument("--visor", type=Path, default=HERE.parent / "target/release/visor-fast")
    parser.add_argument("--python", default=sys.executable, help="the Python that has the peers from PyPI")
    parser.add_argument("--only", help="only peers with one of these words in their names (comma between)")
    parser.add_argument("--goaccess-share", type=float, default=0.1, help="share of the file that GoAccess reads")
    parser.add_argument("--scratch", default=tempfile.gettempdir(), help="folder for what is made and removed again")
    parser.add_argument("--tenfold", action="store_true", help="also the log ten times over (needs room in the scratch folder)")
    parser.add_argument("--fresh", type=Path, help="also a log of ten times as many lines, none the same")
    parser.add_argument("--json-log", type=Path, help="also a log of JSON lines (perf/make_json_log.py makes one)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    arguments = parser.parse_args()
    log, size = arguments.log.resolve(), arguments.log.stat().st_size
    run(["cat", log])

    head = f"{arguments.log.name}: {size / 1e6:.0f} MB, {os.cpu_count()} cores, {platform.machine()}, {arguments.rounds} rounds"
    print(head + "\n", flush=True)
    times, rows = peers_table(arguments, log, size)
    print(table(("what", "median, s", "least, s", "times `wc -l`", "GB/s", "peak RSS, MiB"), rows) + "\n", flush=True)

    visor, count = arguments.visor, arguments.rounds
    found = aspects.scaling(times, ONE, TWO) + aspects.memory(visor, log)
    for name, path, what in (
        ("--json-log", arguments.json_log, "JSON lines, 2 threads"),
        ("--fresh", arguments.fresh, "ten times as many fresh lines, 2 threads"),
    ):
        if path is None or not path.exists():
            aspects.skip(what, f"no file is named by {name}" if path is None else f"{path} is not there")
        else:
            found += aspects.beside_wc(what, visor, path.resolve(), count)
    if arguments.tenfold:
        found += aspects.tenfold(visor, log, min(count, 3), arguments.scratch)
    else:
        aspects.skip("the log ten times over", "--tenfold asks for it")
    found += aspects.compressed(visor, log, count, arguments.scratch)
    found += aspects.start_to_end(visor, log) + aspects.binary(visor)
    print(table(("what", "figure", "beside", "ratio"), found))

    if arguments.json:
        figures = {name: {"seconds": of.seconds, "peak_kib": of.peak_kib} for name, of in times.items()}
        parts = [dict(zip(("what", "figure", "beside", "ratio"), row)) for row in found]
        whole = {"log": str(log), "bytes": size, "cores": os.cpu_count(), "runs": figures, "aspects": parts}
        arguments.json.write_text(json.dumps(whole, indent=2) + "\n")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
