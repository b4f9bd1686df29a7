#!/usr/bin/env python3
"""Writes a combined log of a given size, whose shape is that of a busy site.

    perf/make_log.py --lines 4000000 --seed 1 > access.log

By default 4,000,000 lines take 1.0 GB: 350,000 clients and 180,000 paths with a Zipf distribution (exponent 0.9), one of
50 agents drawn for each request or, with --steady SHARE, for that share of requests the client's own (an address is then
one machine and not many behind one), 4,000 referrers, 2 days, one in a hundred lines malformed in one of eight ways, a
third of the paths with a query. The same seed gives the same bytes. Needs nothing but Python.
"""

import argparse
import bisect
import itertools
import random
import sys
from datetime import datetime, timedelta, timezone

AGENTS = [
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    for system in (
        "Windows NT 10.0; Win64; x64",
        "X11; Linux x86_64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "Linux; Android 14; SM-S918B",
    )
    for major in range(118, 130)
] + [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "curl/8.5.0",
]
SECTIONS = ["articles", "images", "api/v2/items", "static/js", "products", "user/profile", "search", "download"]
ENDINGS = ["", ".html", ".png", ".js", ".css", "/", ".jpg", ".php"]


def zipf(count, exponent, random_source):
    """A function that draws ranks from 0 to count - 1."""
    weights = list(itertools.accumulate((rank + 1) ** -exponent for rank in range(count)))
    total = weights[-1]
    return lambda: bisect.bisect(weights, random_source.random() * total)


def malformed(line, way):
    """The line, broken in one of eight ways."""
    return [
        lambda: line[: len(line) // 2],
        lambda: line.replace("[", "", 1),
        lambda: line.replace('" ', '" x', 1),
        lambda: "",
        lambda: "\x16\x03\x01 binary \x00 rubbish",
        lambda: line.replace("/20", "/2x", 1),
        lambda: "systemd[1]: Started Session 42 of user www-data.",
        lambda: line.rsplit('"', 1)[0],
    ][way]()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=4_000_000)
    parser.add_argument("--clients", type=int, default=360_000)
    parser.add_argument("--paths", type=int, default=181_000)
    parser.add_argument("--malformed", type=float, default=0.01, help="share of malformed lines")
    parser.add_argument("--steady", type=float, default=0, help="share of requests with the client's own agent")
    parser.add_argument("--days", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    source = random.Random(arguments.seed)
    clients = [
        ".".join(str(source.randrange(1, 255)) for _ in range(4))
        if source.random() < 0.9
        else f"2001:db8:{source.randrange(65536):x}:{source.randrange(65536):x}::{source.randrange(65536):x}"
        for _ in range(arguments.clients)
    ]
    paths = [
        f"/{source.choice(SECTIONS)}/{number:x}-{source.randrange(1 << 32):08x}{source.choice(ENDINGS)}"
        for number in range(arguments.paths)
    ]
    referrers = ["-"] + [f"https://site{number % 400}.example/page/{number}" for number in range(4000)]
    a_client, a_path = zipf(len(clients), 0.9, source), zipf(len(paths), 0.9, source)
    a_referrer, an_agent = zipf(len(referrers), 1.2, source), zipf(len(AGENTS), 1.6, source)
    statuses = source.choices([200, 200, 200, 304, 301, 404, 403, 500, 502], [70, 10, 5, 6, 3, 4, 1, 0.7, 0.3], k=65536)
    methods = source.choices(["GET", "POST", "HEAD", "PUT"], [90, 8, 1, 1], k=65536)
    start = datetime(2025, 10, 10, tzinfo=timezone.utc)
    step = arguments.days * 86_400 / max(arguments.lines, 1)
    chance, out, second, stamp = source.random, [], -1, ""
    for number in range(arguments.lines):
        if int(number * step) != second:
            second = int(number * step)
            stamp = (start + timedelta(seconds=second)).strftime("%d/%b/%Y:%H:%M:%S +0000")
        path = paths[a_path()]
        if chance() < 0.33:
            path += f"?id={int(chance() * 100_000)}&ref=mail"
        client = a_client()
        status = statuses[int(chance() * 65536)]
        size = int(source.lognormvariate(8.5, 1.6)) if status == 200 else "-" if status == 304 else 512
        line = (
            f"{clients[client]} - - [{stamp}] \"{methods[int(chance() * 65536)]} {path} HTTP/1.1\" {status} {size} "
            f"\"{referrers[a_referrer()]}\" \"{AGENTS[client % len(AGENTS) if chance() < arguments.steady else an_agent()]}\""
        )
        if chance() < arguments.malformed:
            line = malformed(line, int(chance() * 8))
        out.append(line)
        if len(out) == 10_000:
            sys.stdout.write("\n".join(out) + "\n")
            out.clear()
    sys.stdout.write("".join(line + "\n" for line in out))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
