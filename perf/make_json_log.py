#!/usr/bin/env python3
"""Writes JSON lines of a given kind, with the clients, paths and agents of perf/make_log.py.

    perf/make_json_log.py --kind caddy --lines 500000 --seed 1 > caddy.json.log

The kinds: `caddy`, as Caddy 2 writes its access log (nested request and headers; headers in any order, since Go walks
its maps so; about 1040 bytes a line); `nginx`, a flat log_format with escape=json (570 bytes); `traefik`, with the fields
that Traefik keeps by default (1000 bytes); `mapped`, an application's own keys, with a space behind commas and colons, for
`--format json:client=remote.ip,...` (380 bytes). A share of the lines is malformed: cut in the middle.
The same seed gives the same bytes. Needs nothing but Python.
"""

import argparse
import random
import sys
from datetime import datetime, timedelta, timezone

from make_log import AGENTS, ENDINGS, SECTIONS, zipf

START = datetime(2025, 10, 10, tzinfo=timezone.utc)
# What a browser sends, one value each; `Cookie` is redacted by Caddy itself.
HEADERS = [
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Connection", "keep-alive"),
    ("Cookie", "REDACTED"),
    ("Priority", "u=0, i"),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "none"),
    ("Sec-Fetch-User", "?1"),
    ("Upgrade-Insecure-Requests", "1"),
    ("If-None-Match", '\\"ddnp8sh5vg3i58\\"'),
    ("Sec-Ch-Ua", '\\"Chromium\\";v=\\"130\\", \\"Not?A_Brand\\";v=\\"99\\"'),
]


def number(value):
    """A float as Go writes it: the shortest digits, never an exponent."""
    text = f"{value:.9f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def caddy(draw):
    """A line of Caddy's logger http.log.access."""
    shuffled = draw.source.sample(HEADERS, k=5 + int(draw.chance() * 8))
    headers = [f'"{name}":["{value}"]' for name, value in shuffled] + [f'"User-Agent":["{draw.agent}"]']
    if draw.referrer != "-":
        headers.append(f'"Referer":["{draw.referrer}"]')
    draw.source.shuffle(headers)
    answer = ['"Server":["Caddy"]', '"Vary":["Accept-Encoding"]', f'"Etag":["\\"{draw.size:x}\\""]']
    draw.source.shuffle(answer)
    port = 1024 + int(draw.chance() * 60_000)
    return (
        f'{{"level":"info","ts":{draw.seconds:.7f},"logger":"http.log.access.log0","msg":"handled request",'
        f'"request":{{"remote_ip":"{draw.client}","remote_port":"{port}","client_ip":"{draw.client}","proto":"HTTP/2.0",'
        f'"method":"{draw.method}","host":"www.example.org","uri":"{draw.path}","headers":{{{",".join(headers)}}},'
        f'"tls":{{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"www.example.org"}}}},'
        f'"bytes_read":0,"user_id":"","duration":{number(draw.latency)},"size":{draw.size},"status":{draw.status},'
        f'"resp_headers":{{{",".join(answer)}}}}}'
    )


def nginx(draw):
    """A flat log_format with escape=json."""
    referrer = "" if draw.referrer == "-" else draw.referrer
    return (
        f'{{"time_iso8601":"{draw.moment():%Y-%m-%dT%H:%M:%S}+00:00","remote_addr":"{draw.client}","remote_user":"",'
        f'"request_method":"{draw.method}","request_uri":"{draw.path}","server_protocol":"HTTP/1.1",'
        f'"status":"{draw.status}","body_bytes_sent":"{draw.size}","request_length":"{300 + draw.size % 400}",'
        f'"request_time":"{draw.latency:.3f}","http_referer":"{referrer}","http_user_agent":"{draw.agent}",'
        f'"http_x_forwarded_for":"","server_name":"www.example.org","upstream_addr":"10.0.0.1:8080",'
        f'"upstream_response_time":"{draw.latency:.3f}"}}'
    )


def traefik(draw):
    """A line of Traefik with --accesslog.format=json; `&` is written as Go's encoder writes it."""
    port = 1024 + int(draw.chance() * 60_000)
    path = draw.path.replace("&", "\\u0026")
    referrer = "" if draw.referrer == "-" else f'"request_Referer":"{draw.referrer}",'
    nanos = int(draw.latency * 1e9)
    started = draw.moment()
    return (
        f'{{"ClientAddr":"{draw.client}:{port}","ClientHost":"{draw.client}","ClientPort":"{port}","ClientUsername":"-",'
        f'"DownstreamContentSize":{draw.size},"DownstreamStatus":{draw.status},"Duration":{nanos},'
        f'"OriginContentSize":{draw.size},"OriginDuration":{nanos - 40_000},"OriginStatus":{draw.status},"Overhead":40000,'
        f'"RequestAddr":"www.example.org","RequestContentSize":0,"RequestCount":{draw.number},'
        f'"RequestHost":"www.example.org","RequestMethod":"{draw.method}","RequestPath":"{path}","RequestPort":"-",'
        f'"RequestProtocol":"HTTP/2.0","RequestScheme":"https","RetryAttempts":0,"RouterName":"web@docker",'
        f'"ServiceAddr":"10.0.0.1:8080","ServiceName":"web@docker","ServiceURL":"http://10.0.0.1:8080",'
        f'"StartLocal":"{started:%Y-%m-%dT%H:%M:%S.%f}123Z","StartUTC":"{started:%Y-%m-%dT%H:%M:%S.%f}123Z",'
        f'"entryPointName":"websecure","level":"info","msg":"",{referrer}"request_User-Agent":"{draw.agent}",'
        f'"time":"{started:%Y-%m-%dT%H:%M:%SZ}"}}'
    )


def mapped(draw):
    """An application's own keys, as Python's json writes them."""
    return (
        f'{{"at": "{draw.moment():%Y-%m-%dT%H:%M:%S.%f}Z", "remote": {{"ip": "{draw.client}", "tls": true}}, '
        f'"http": {{"verb": "{draw.method}", "url": "{draw.path}", "code": {draw.status}, "sent": {draw.size}}}, '
        f'"took_ms": {draw.latency * 1000:.3f}, "ua": "{draw.agent}", "from": "{draw.referrer}", "tags": ["web", "eu"]}}'
    )


KINDS = {"caddy": caddy, "nginx": nginx, "traefik": traefik, "mapped": mapped}


class Draw:
    """One request after the other."""

    def __init__(self, arguments):
        self.source = source = random.Random(arguments.seed)
        self.chance = source.random
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
        methods = source.choices(["GET", "POST", "HEAD", "PUT"], [90, 8, 1, 1], k=65536)
        statuses = source.choices([200, 304, 301, 404, 403, 500, 502], [85, 6, 3, 4, 1, 0.7, 0.3], k=65536)
        ranks = {name: zipf(len(names), exponent, source) for name, names, exponent in (
            ("client", clients, 0.9), ("path", paths, 0.9), ("referrer", referrers, 1.2), ("agent", AGENTS, 1.6),
        )}
        self.of = lambda name, names: names[ranks[name]()]
        self.lists = clients, paths, referrers, methods, statuses
        self.step = arguments.days * 86_400 / max(arguments.lines, 1)

    def next(self, number):
        """Draws the request of a number."""
        clients, paths, referrers, methods, statuses = self.lists
        self.number = number
        self.client = self.of("client", clients)
        self.path = self.of("path", paths)
        if self.chance() < 0.33:
            self.path += f"?id={int(self.chance() * 100_000)}&ref=mail"
        self.referrer = self.of("referrer", referrers)
        self.agent = self.of("agent", AGENTS)
        self.method = methods[int(self.chance() * 65536)]
        self.status = statuses[int(self.chance() * 65536)]
        self.size = int(self.source.lognormvariate(8.5, 1.6)) if self.status == 200 else 0
        self.latency = self.source.lognormvariate(-6, 1.5)
        self.seconds = START.timestamp() + number * self.step
        return self

    def moment(self):
        """The time of the request."""
        return START + timedelta(seconds=self.number * self.step)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, default="caddy")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--clients", type=int, default=360_000)
    parser.add_argument("--paths", type=int, default=181_000)
    parser.add_argument("--malformed", type=float, default=0.001, help="share of cut lines")
    parser.add_argument("--days", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draw, write, out = Draw(arguments), KINDS[arguments.kind], []
    for number in range(arguments.lines):
        line = write(draw.next(number))
        if draw.chance() < arguments.malformed:
            line = line[: len(line) // 2]
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
