#!/usr/bin/env python3
"""Runs visor-fast and its peers on one log, in turn, several rounds, and prints medians and ratios.

    cargo build --release
    perf/make_log.py > big.log
    perf/compare.py big.log --rounds 5

A peer that is not installed is named and left out. All read the file warm (it is read once before); each run is a whole
process, its start included. `wc -l` is the yardstick: figures of different machines compare only as ratios to it.
What is asked of peers is less than what visor-fast reports: see perf/README.md.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATUS = r'{ hits[$9]++; key = $9 " " $1; if (!(key in seen)) { seen[key] = 1; clients[$9]++ } } END { for (s in hits) print s, hits[s], clients[s] }'
SQL = r"""
SELECT status, count(*), count(DISTINCT client) FROM (
  SELECT {extract} FROM {source}
) GROUP BY status
"""
PATTERN = r'^(\S+) .* \[[^\]]*\] "[^"]*" (\d\d\d) '


def commands(log, visor):
    """Name -> argument list, or None where the peer is not installed."""
    installed = lambda name, argv: argv if shutil.which(name) else None
    polars = f"""
import polars as pl
lines = pl.scan_csv({str(log)!r}, has_header=False, separator='\\x01', quote_char=None, truncate_ragged_lines=True, new_columns=['line'])
fields = lines.select(pl.col('line').str.extract({PATTERN!r}, 1).alias('client'), pl.col('line').str.extract({PATTERN!r}, 2).alias('status'))
print(fields.group_by('status').agg(pl.len(), pl.col('client').n_unique()).collect())
"""
    duck = SQL.format(
        extract=f"regexp_extract(line, '{PATTERN}', 1) AS client, regexp_extract(line, '{PATTERN}', 2) AS status",
        source=f"read_csv('{log}', header=false, delim='\x01', quote='', columns={{'line': 'VARCHAR'}}, ignore_errors=true)",
    )
    click_pattern = PATTERN.replace("\\", "\\\\")
    click = SQL.format(
        extract=f"extractGroups(line, '{click_pattern}')[1] AS client, extractGroups(line, '{click_pattern}')[2] AS status",
        source=f"file('{log}', LineAsString, 'line String')",
    )
    # Versions before 1.8 have one job only.
    jobs = shutil.which("goaccess") and b"--jobs" in subprocess.run(["goaccess", "--help"], capture_output=True).stdout
    goaccess_name = f"GoAccess, {2 if jobs else 1} job(s)"
    goaccess = ["goaccess", log, "--log-format=COMBINED", "--no-global-config", *(["-j", "2"] if jobs else []), "-o", "json"]
    has_polars = subprocess.run([sys.executable, "-c", "import polars"], capture_output=True).returncode == 0
    has_duck = subprocess.run([sys.executable, "-c", "import duckdb"], capture_output=True).returncode == 0
    return {
        "wc -l": ["wc", "-l", log],
        "visor-fast, 1 thread": [visor, "analyze", "-j", "1", "--output", "json", log],
        "visor-fast, 2 threads": [visor, "analyze", "-j", "2", "--output", "json", log],
        "visor-fast, 2 threads, --no-mmap": [visor, "analyze", "-j", "2", "--no-mmap", "--output", "json", log],
        "ripgrep, lines with 404": installed("rg", ["rg", "-c", '" 404 ', log]),
        "mawk, hits and clients by status": installed("mawk", ["mawk", STATUS, log]),
        "angle-grinder, hits by status": installed("agrind", ["agrind", "-f", log, '* | parse "\\" * " as status | count by status']),
        "DuckDB, hits and clients by status": [sys.executable, "-c", f"import duckdb; print(duckdb.sql({duck!r}))"] if has_duck else None,
        "Polars, hits and clients by status": [sys.executable, "-c", polars] if has_polars else None,
        "ClickHouse, hits and clients by status": installed("clickhouse", ["clickhouse", "local", "-q", click]),
        goaccess_name: installed("goaccess", goaccess),
    }


def run(argv):
    """Seconds and peak resident KiB of a process."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in argv], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"{argv[0]} failed with status {status}")
    return time.perf_counter() - start, usage.ru_maxrss


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--visor", type=Path, default=HERE.parent / "target/release/visor-fast")
    parser.add_argument("--only", help="run only what has one of these words in its name (comma between)")
    parser.add_argument("--slow-rounds", type=int, default=1, help="rounds for what takes over 20 s")
    arguments = parser.parse_args()
    size = arguments.log.stat().st_size
    words = arguments.only.split(",") if arguments.only else [""]
    todo = {}
    for name, argv in commands(arguments.log, arguments.visor).items():
        if argv is None:
            print(f"not installed: {name}", file=sys.stderr)
        elif name == "wc -l" or any(word in name for word in words):
            todo[name] = argv
    run(["cat", arguments.log])
    times = {name: [] for name in todo}
    memory, failed = {}, set()
    for number in range(arguments.rounds):
        for name, argv in todo.items():
            if name in failed:
                continue
            slow = times[name] and times[name][0] > 20
            if slow and number >= arguments.slow_rounds:
                continue
            try:
                seconds, kib = run(argv)
            except RuntimeError as error:
                print(f"failed: {name}: {error}", file=sys.stderr)
                failed.add(name)
                continue
            times[name].append(seconds)
            memory[name] = kib
    base = statistics.median(times["wc -l"])
    print(f"{arguments.log.name}: {size / 1e6:.0f} MB, {os.cpu_count()} cores, {arguments.rounds} rounds, medians\n")
    print("| what | seconds | times `wc -l` | GB/s | peak RSS, MiB |\n| --- | ---: | ---: | ---: | ---: |")
    for name, seconds in times.items():
        if not seconds:
            continue
        median = statistics.median(seconds)
        print(f"| {name} | {median:.3f} | {median / base:.1f} | {size / median / 1e9:.2f} | {memory[name] >> 10} |")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
