"""What else is measured of visor-fast: each a list of (what, figure, beside what, ratio)."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from process import anonymous_peak_kib, rounds, run


def analyze(visor, *arguments):
    return [visor, "analyze", "--output", "json", *arguments]


def skip(what, why):
    print(f"skipped: {what}: {why}", file=sys.stderr)
    return []


def scaling(times, one, two):
    """How much faster two threads are than one, from the rounds of the peers."""
    if one not in times or two not in times:
        return []
    figure = f"{times[two].median:.3f} s"
    return [("two threads beside one", figure, f"{times[one].median:.3f} s", f"{times[one].median / times[two].median:.2f} times as fast")]


def memory(visor, log):
    """Peak anonymous memory, apart from the pages of the file."""
    size, rows = os.path.getsize(log), []
    for threads in ("1", "2"):
        for flags in ([], ["--no-mmap"]):
            peak = anonymous_peak_kib(analyze(visor, "-j", threads, *flags, log))
            if peak is None:
                return skip("anonymous memory", "/proc does not tell it here")
            name = f"anonymous memory, {threads} thread(s){', read and not mapped' if flags else ''}"
            rows.append((name, f"{peak >> 10} MiB", f"{size >> 20} MiB of log", f"{peak * 1024 / size:.3f}"))
    return rows


def beside_wc(what, visor, log, count, flags=("-j", "2")):
    """A log beside `wc -l` on it."""
    run(["cat", log])
    times = rounds({"wc": ["wc", "-l", log], "visor": analyze(visor, *flags, log)}, count)
    if len(times) < 2:
        return []
    peak = anonymous_peak_kib(analyze(visor, *flags, log))
    figure = f"{times['visor'].median:.3f} s, {os.path.getsize(log) / times['visor'].median / 1e9:.2f} GB/s"
    rows = [(what, figure, f"`wc -l` {times['wc'].median:.3f} s", f"{times['visor'].median / times['wc'].median:.1f}")]
    if peak is not None:
        rows.append((f"{what}: anonymous memory", f"{peak >> 10} MiB", f"{os.path.getsize(log) >> 20} MiB of log", f"{peak * 1024 / os.path.getsize(log):.4f}"))
    return rows


def tenfold(visor, log, count, scratch):
    """The same lines ten times over, as one file: links to one file would be read once."""
    size = 10 * os.path.getsize(log)
    if shutil.disk_usage(scratch).free < 2 * size:
        return skip("the log ten times over", f"{scratch} has not twice {size >> 30} GiB free")
    with tempfile.NamedTemporaryFile(dir=scratch, suffix=".log") as ten:
        subprocess.run(["cat", *[log] * 10], stdout=ten, check=True)
        return beside_wc("the log ten times over, 2 threads", visor, ten.name, count)


def compressed(visor, log, count, scratch, share_bytes=200_000_000):
    """The beginning of the log, compressed, beside the tool that only decompresses it."""
    rows = []
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        plain = Path(folder) / "plain.log"
        with open(plain, "wb") as out:
            subprocess.run(["head", "-c", str(share_bytes), log], stdout=out, check=True)
        for tool, ending, decompress in (("gzip", "gz", ["zcat"]), ("zstd", "zst", ["zstd", "-dcq"])):
            if not shutil.which(tool):
                rows += skip(f"{tool} data", f"{tool} is not installed")
                continue
            packed = Path(folder) / f"plain.log.{ending}"
            with open(packed, "wb") as out:
                subprocess.run([tool, "-c", plain], stdout=out, stderr=subprocess.DEVNULL, check=True)
            times = rounds({"tool": [*decompress, packed], "visor": analyze(visor, "-j", "2", packed)}, count)
            if len(times) == 2:
                what = f"{tool} data, {os.path.getsize(packed) >> 20} MiB of {os.path.getsize(plain) >> 20} MiB text, 2 threads"
                tool_name = f"`{' '.join(decompress)} >/dev/null` {times['tool'].median:.3f} s"
                rows.append((what, f"{times['visor'].median:.3f} s", tool_name, f"{times['visor'].median / times['tool'].median:.2f}"))
    return rows


def start_to_end(visor, log, count=50):
    """A file of ten lines: what a run costs beside its work."""
    with tempfile.NamedTemporaryFile(suffix=".log") as few:
        with open(log, "rb") as lines:
            few.writelines(next(lines, b"") for _ in range(10))
        few.flush()
        times = rounds({"wc": ["wc", "-l", few.name], "visor": analyze(visor, few.name)}, count)
        terminal = rounds({"text": [visor, "analyze", few.name]}, count)
    figure = lambda of: f"{of.median * 1000:.1f} ms, at least {of.least * 1000:.1f} ms"
    wc = f"`wc -l` {times['wc'].median * 1000:.1f} ms"
    return [
        (f"a file of ten lines, {form}, {count} runs", figure(of), wc, f"{of.median / times['wc'].median:.1f}")
        for form, of in (("JSON", times["visor"]), ("text", terminal["text"]))
    ]


def binary(visor):
    """The size of the program."""
    size, stripped = os.path.getsize(visor), "-"
    if shutil.which("strip"):
        with tempfile.NamedTemporaryFile() as out:
            subprocess.run(["strip", "-o", out.name, visor], check=True)
            stripped = f"stripped {os.path.getsize(out.name) / 1e6:.1f} MB"
    return [("the program", f"{size / 1e6:.1f} MB", stripped, "")]
