"""Runs a process and says how long it took and what memory it held."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field

SAMPLE_SECONDS = 0.005


@dataclass
class Times:
    """Seconds of the runs of one command, and the peak resident KiB of the last."""

    seconds: list = field(default_factory=list)
    peak_kib: int = 0

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def least(self):
        return min(self.seconds)


def start(argv, **options):
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL} | options
    return subprocess.Popen([str(part) for part in argv], **options)


def run(argv):
    """Seconds and peak resident KiB of a whole process, its start included."""
    begin = time.perf_counter()
    process = start(argv)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if status != 0:
        raise RuntimeError(f"{argv[0]} ended with status {process.returncode}")
    return seconds, usage.ru_maxrss


def rounds(commands, count, slow_seconds=20, slow_count=1):
    """Name -> Times: all commands in turn, `count` times over, so that what disturbs one round disturbs all alike.

    What takes over `slow_seconds` runs `slow_count` times only; what fails is named and left out."""
    times = {name: Times() for name in commands}
    for number in range(count):
        for name, argv in commands.items():
            so_far = times.get(name)
            if so_far is None or (so_far.seconds and so_far.seconds[0] > slow_seconds and number >= slow_count):
                continue
            try:
                seconds, so_far.peak_kib = run(argv)
                so_far.seconds.append(seconds)
            except (RuntimeError, OSError) as error:
                print(f"failed: {name}: {error}", file=sys.stderr)
                del times[name]
    return times


def anonymous_peak_kib(argv):
    """The most anonymous memory (RssAnon) that a process held: what is not the pages of a mapped file. Sampled every
    5 ms; a run of its own, so that the samples disturb no timing. None where /proc does not tell."""
    process, most = start(argv), None
    while process.poll() is None:
        try:
            with open(f"/proc/{process.pid}/status") as status:
                now = [int(line.split()[1]) for line in status if line.startswith("RssAnon:")]
        except OSError:
            now = []
        most = max([most or 0, *now]) if now else most
        time.sleep(SAMPLE_SECONDS)
    return most


def table(head, rows):
    """A markdown table; figures to the right."""
    lines = ["| " + " | ".join(head) + " |", "| --- " + "| ---: " * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])
