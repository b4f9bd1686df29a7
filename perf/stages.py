#!/usr/bin/env python3
"""Where the time of one thread goes, by stage: `perf record`, and each sample put to the stage of its function.

    cargo build --release
    perf/stages.py big.log

Functions that were inlined count to the stage whose line of source they are from, so the program needs its line tables
(the release profile has them) and perf its addr2line. Without perf it says so and ends with status 1.
"""

import argparse
import collections
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from process import table

HERE = Path(__file__).resolve().parent
# The first that fits a source file or a symbol has the sample.
STAGES = [
    ("the kernel: page faults, reads", r"\[k\]"),
    ("merge and report", r"aggregate/(merge|freeze|top|snapshot|agent|sites)|src/report|::merge|::freeze|serde_json|slice::sort"),
    ("reading", r"src/source|engine/(text|pump)|inflate|zstd|bzip2|lzma"),
    ("scanning for marks", r"src/scan/|::scan::|memchr::"),
    ("fields", r"src/format/|::format::|bumpalo"),
    ("filters", r"src/filter|engine/keeper"),
    ("hashing and look-ups", r"src/aggregate|::aggregate::|foldhash|hdrhistogram|memcmp"),
    ("batches and pieces", r"src/engine|::engine::"),
    ("allocation", r"\bmi_|_mi_|mimalloc|malloc"),
]


def stage_of(text):
    return next((stage for stage, pattern in STAGES if re.search(pattern, text)), "the rest")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--visor", type=Path, default=HERE.parent / "target/release/visor-fast")
    parser.add_argument("--rate", type=int, default=997, help="samples a second")
    parser.add_argument("--rest", action="store_true", help="list what was put to no stage")
    arguments = parser.parse_args()
    if not shutil.which("perf"):
        sys.exit("perf is not installed (linux-perf, linux-tools): no stages are told")
    with tempfile.NamedTemporaryFile(suffix=".data") as data:
        argv = ["perf", "record", "-q", "-F", arguments.rate, "-o", data.name, "--", arguments.visor]
        argv += ["analyze", "-j", "1", "--output", "json", arguments.log]
        recorded = subprocess.run([str(part) for part in argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if recorded.returncode != 0:
            sys.exit(f"perf cannot record here: {recorded.stderr.strip()}")
        argv = ["perf", "report", "-q", "-i", data.name, "--stdio", "--full-source-path", "--sort", "srcline,symbol", "--field-separator", "\t"]
        said = subprocess.run(argv, capture_output=True, text=True).stdout
    shares, rest = collections.Counter(), []
    for line in said.splitlines():
        parts = line.strip().split("\t")
        if not parts or not re.fullmatch(r"[\d.]+%", parts[0].strip()):
            continue
        share, what = float(parts[0].strip("% ")), " ".join(parts[1:])
        stage = stage_of(what)
        shares[stage] += share
        if stage == "the rest":
            rest.append((share, what.strip()))
    if not shares:
        sys.exit("perf has recorded nothing: are hardware or software clocks allowed (kernel.perf_event_paranoid)?")
    order = [stage for stage, _ in STAGES] + ["the rest"]
    print(table(("stage, of one thread", "share"), [(stage, f"{shares[stage]:.1f} %") for stage in order if shares[stage]]))
    if arguments.rest:
        print("\n".join(f"{share:6.2f} % {what}" for share, what in sorted(rest, reverse=True)[:30]), file=sys.stderr)


if __name__ == "__main__":
    main()
