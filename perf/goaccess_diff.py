#!/usr/bin/env python3
"""Runs visor-fast and GoAccess on one log and prints every figure in which their JSON differs.

    cargo build --release
    perf/goaccess_diff.py access.log                      # combined
    perf/goaccess_diff.py --format VCOMBINED access.log   # or COMMON, VCOMMON

Both get the same list of static endings, the one that GoAccess's configuration file lists. Compared are all keys but
when the report was made and how long that took; of `os` and `browsers` only their sums, since the families differ; and
the order of rows with equal hits is left open. GoAccess shows users only for a format string with %e, so it is run once
more for that panel (and lines without a user fail in that run). It takes two keys for one where 32 bits of a hash (djb2) agree: rows that this merges are merged here
too, and told. `--save FILE` keeps what is compared of GoAccess's JSON, a row a line. Exit status: 0 equal, 1 different, 2 GoAccess or visor-fast failed. Needs nothing but Python and GoAccess;
written for 1.11, and useful with 1.7 and later.
"""

import argparse
import collections
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STATIC = (
    ".css .js .jpg .png .gif .ico .jpeg .pdf .csv .mpeg .mpg .swf .woff .woff2 .xls .xlsx .doc .docx .ppt .pptx .txt "
    ".zip .ogg .mp3 .mp4 .exe .iso .gz .rar .svg .bmp .tar .tgz .tiff .tif .ttf .flv .dmg .xz .zst"
).split()
# The same fields with %e, the user, where the predefined formats skip it.
WITH_USER = {
    "COMBINED": '%h %^ %e[%d:%t %^] "%r" %s %b "%R" "%u"',
    "VCOMBINED": '%v:%^ %h %^ %e[%d:%t %^] "%r" %s %b "%R" "%u"',
    "COMMON": '%h %^ %e[%d:%t %^] "%r" %s %b',
    "VCOMMON": '%v:%^ %h %^ %e[%d:%t %^] "%r" %s %b',
}
OURS = {"COMBINED": "combined", "VCOMBINED": "vhost_combined", "COMMON": "common", "VCOMMON": "vhost_common"}
UNCOMPARED = {"date_time", "generation_time"}
SUMS_ONLY = {"os", "browsers"}


def fail(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def read(path):
    """GoAccess writes bytes of the log as they are: invalid UTF-8 is read as U+FFFD, as visor-fast writes it."""
    return json.loads(path.read_bytes().decode("utf-8", "replace"), strict=False)


def run_goaccess(program, log, formats, folder):
    out = folder / "goaccess.json"
    argv = [program, log, "--no-global-config", "--num-tests=0", "--max-items=100000000", "--no-progress", *formats]
    argv += [f"--static-file={ending}" for ending in STATIC] + ["-o", out]
    result = subprocess.run([str(part) for part in argv], stdin=subprocess.DEVNULL, capture_output=True)
    if result.returncode != 0:
        fail(f"{program} failed with status {result.returncode}: {(result.stderr or result.stdout).decode(errors='replace').strip()}")
    return read(out)


def run_visor(program, log, form):
    argv = [str(program), "analyze", "--output", "goaccess-json", "--format", OURS[form], str(log)]
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True)
    if result.returncode != 0:
        fail(f"visor-fast failed with status {result.returncode}: {result.stderr.decode(errors='replace').strip()}")
    return json.loads(result.stdout.decode("utf-8"))


def djb2(text):
    value = 5381
    for byte in text.encode("utf-8"):
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value


def key(item):
    method, protocol = item.get("method"), item.get("protocol")
    return "|".join([item["data"]] + [part for part in (method, protocol) if part and part != "---"])


def merged(items):
    """Rows by key, and the keys that share a hash: GoAccess shows those as one row."""
    groups = collections.defaultdict(list)
    for item in items:
        groups[djb2(key(item))].append(item)
    return groups, {number: [key(item) for item in group] for number, group in groups.items() if len(group) > 1}


class Differences:
    def __init__(self):
        self.count = 0
        self.shown = collections.Counter()
        self.collisions = 0

    def add(self, place, ours, theirs):
        self.count += 1
        panel = place.split(".")[0].split("[")[0]
        self.shown[panel] += 1
        if self.shown[panel] <= 20:
            print(f"{place}: visor-fast {ours!r}, GoAccess {theirs!r}")
        elif self.shown[panel] == 21:
            print(f"{panel}: and more")

    def values(self, place, ours, theirs):
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for name in sorted(ours.keys() | theirs.keys()):
                if name != "items":
                    self.values(f"{place}.{name}", ours.get(name), theirs.get(name))
            self.rows(place, ours.get("items", []), theirs.get("items", []))
        elif ours != theirs:
            self.add(place, ours, theirs)

    def rows(self, place, ours, theirs):
        groups, collisions = merged(ours)
        for keys in collisions.values():
            self.collisions += 1
            print(f"{place}: one hash, so one row of GoAccess: {', '.join(map(repr, keys))}")
        # Texts that were invalid UTF-8 may be alike now: compared as a bag.
        bags = collections.defaultdict(lambda: ([], []))
        for item in ours:
            if djb2(key(item)) not in collisions:
                bags[key(item)][0].append(item)
        for item in theirs:
            number = djb2(key(item))
            if number not in collisions:
                bags[key(item)][1].append(item)
                continue
            hits = sum(one["hits"]["count"] for one in groups[number])
            self.values(f"{place}[{key(item)!r}].hits.count", hits, item["hits"]["count"])
        by_figures = lambda item: json.dumps(item, sort_keys=True)
        for text, (left, right) in bags.items():
            if len(left) != len(right):
                figures = lambda items: [item["hits"]["count"] for item in items] or None
                self.add(f"{place}[{text!r}]", figures(left), figures(right))
            for a, b in zip(sorted(left, key=by_figures), sorted(right, key=by_figures)):
                self.values(f"{place}[{text!r}]", a, b)

    def panel(self, name, ours, theirs):
        if name in SUMS_ONLY:
            for figure in ("hits", "visitors", "bytes"):
                total = lambda panel: panel["metadata"].get(figure, {}).get("total")
                self.values(f"{name}.metadata.{figure}.total", total(ours), total(theirs))
            return
        self.values(f"{name}.metadata", ours["metadata"], theirs["metadata"])
        self.rows(name, ours["data"], theirs["data"])
        order = (lambda item: item["data"]) if name in ("visitors", "visit_time") else (lambda item: item["hits"]["count"])
        if not self.shown[name] and list(map(order, ours["data"])) != list(map(order, theirs["data"])):
            self.add(f"{name}: order", "", "")


def save(report, path):
    """What is compared, rows by key, so that a changed row is a changed line."""
    lines = []
    for name, panel in report.items():
        if name == "general":
            general = {name: value for name, value in panel.items() if name not in UNCOMPARED | {"log_path", "log_size"}}
            lines.append(f'"general": {json.dumps(general)}')
            continue
        metadata = panel["metadata"]
        rows = "".join(f",\n  {json.dumps(item)}" for item in sorted(panel["data"], key=key))[1:]
        if name in SUMS_ONLY:
            metadata, rows = {figure: {"total": metadata[figure]["total"]} for figure in ("hits", "visitors", "bytes")}, ""
        for item in panel["data"]:
            item.get("items", []).sort(key=key)
        lines.append(f'"{name}": {{"metadata": {json.dumps(metadata)}, "data": [{rows}]}}')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--format", choices=WITH_USER, default="COMBINED")
    parser.add_argument("--visor", type=Path, default=HERE.parent / "target/release/visor-fast")
    parser.add_argument("--goaccess", default="goaccess")
    parser.add_argument("--save", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if not shutil.which(arguments.goaccess):
        fail(f"{arguments.goaccess} is not installed")
    version = subprocess.run([arguments.goaccess, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    with tempfile.TemporaryDirectory() as folder:
        named = [f"--log-format={arguments.format}"]
        theirs = run_goaccess(arguments.goaccess, arguments.log, named, Path(folder))
        own = [f"--log-format={WITH_USER[arguments.format]}", "--date-format=%d/%b/%Y", "--time-format=%H:%M:%S"]
        for status in (item for group in theirs["status_codes"]["data"] for item in group.get("items", [])):
            status["data"] = status["data"].split(" ")[0]  # a description stands behind the number
        theirs["remote_user"] = run_goaccess(arguments.goaccess, arguments.log, own, Path(folder))["remote_user"]
    if arguments.save:
        save(theirs, arguments.save)
    ours = run_visor(arguments.visor, arguments.log, arguments.format)
    differences = Differences()
    for name in sorted(ours["general"].keys() | theirs["general"].keys()):
        if name not in UNCOMPARED:
            differences.values(f"general.{name}", ours["general"].get(name), theirs["general"].get(name))
    for name in [name for name in ours | theirs if name != "general"]:
        if name not in ours or name not in theirs:
            differences.add(name, "has it" if name in ours else "has it not", "has it" if name in theirs else "has it not")
        else:
            differences.panel(name, ours[name], theirs[name])
    valid, failed = (ours["general"][f"{kind}_requests"] for kind in ("valid", "failed"))
    print(
        f"{arguments.log.name}, {version.strip(' .')}: {differences.count} differences, {differences.collisions} hash "
        f"collisions; {valid} valid, {failed} failed lines"
    )
    sys.exit(1 if differences.count else 0)


if __name__ == "__main__":
    try:
        main()
    except (OSError, json.JSONDecodeError) as error:
        fail(error)
