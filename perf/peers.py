"""What the peers are asked for, and how: less than visor-fast reports, and each in the way its users would write it.

ripgrep counts the lines with status 404; mawk, Polars, DuckDB, ClickHouse and Spark count hits and distinct clients by
status; GoAccess makes its report. Those from PyPI live in an environment of their own:

    python3 -m venv peers && peers/bin/pip install polars duckdb chdb pyspark
"""

import shutil
import subprocess

PATTERN = r'^(\S+) .* \[[^\]]*\] "[^"]*" (\d\d\d) '
AWK = (
    '{ hits[$9]++; key = $9 " " $1; if (!(key in seen)) { seen[key] = 1; clients[$9]++ } } '
    "END { for (s in hits) print s, hits[s], clients[s] }"
)

DUCKDB = """
import duckdb
print(duckdb.sql(r'''
SELECT status, count(*), count(DISTINCT client) FROM (
  SELECT unnest(regexp_extract(line, '{pattern}', ['client', 'status'])) FROM read_csv('{log}', header=false, delim='\x01', quote='', columns={{'line': 'VARCHAR'}}, ignore_errors=true)
) GROUP BY status'''))
"""

POLARS = """
import polars as pl
lines = pl.scan_csv({log!r}, has_header=False, separator='\\x01', quote_char=None, truncate_ragged_lines=True, new_columns=['line'])
fields = lines.select(pl.col('line').str.extract_groups({pattern!r}).struct.rename_fields(['client', 'status'])).unnest('line')
print(fields.group_by('status').agg(pl.len(), pl.col('client').n_unique()).collect())
"""

CLICKHOUSE = """
SELECT status, count(), uniqExact(client) FROM (
  SELECT extractGroups(line, '{pattern}') AS parts, parts[1] AS client, parts[2] AS status
  FROM file('{log}', LineAsString, 'line String')
) GROUP BY status SETTINGS max_threads = {threads}
"""

SPARK = """
from pyspark.sql import SparkSession, functions as f
spark = SparkSession.builder.master('local[{threads}]').config('spark.ui.enabled', 'false').config('spark.driver.memory', '4g').getOrCreate()
field = lambda number, name: f.regexp_extract('value', {pattern!r}, number).alias(name)
rows = spark.read.text({log!r}).select(field(1, 'client'), field(2, 'status')).groupBy('status')
print(rows.agg(f.count('*'), f.countDistinct('client')).collect())
"""


def version(argv):
    """The first number with a point in what a program says of itself."""
    said = subprocess.run(argv, capture_output=True, text=True)
    words = (said.stdout + said.stderr).replace("-", " ").split()
    return next((word.strip(".,v") for word in words if "." in word and word.strip("v")[0].isdigit()), "?")


def commands(log, python, threads):
    """Name -> argument list, and the names of what is not installed."""
    found, missing = {}, []

    def program(name, label, argv):
        if shutil.which(name):
            found[f"{label.format(version=version([name, '--version']))}"] = argv
        else:
            missing.append(label.split(" {")[0])

    def package(name, label, script, needs=None):
        check = f"import {name}; print({name}.__version__)"
        said = subprocess.run([python, "-c", check], capture_output=True, text=True)
        if said.returncode == 0 and (needs is None or shutil.which(needs)):
            found[f"{label[0]} {said.stdout.strip()}{label[1]}"] = [python, "-c", script]
        else:
            missing.append(label[0] + (f" (with {needs})" if needs else ""))

    asked = ", hits and clients by status"
    log = str(log)
    click = CLICKHOUSE.format(log=log, pattern=PATTERN.replace("\\", "\\\\"), threads=threads)
    program("rg", "ripgrep {version}, lines with 404", ["rg", "-c", '" 404 ', log])
    # mawk has no --version before 1.3.4-2020.
    if shutil.which("mawk"):
        found[f"mawk{asked}"] = ["mawk", AWK, log]
    else:
        missing.append("mawk")
    program("agrind", "angle-grinder {version}, hits by status", ["agrind", "-f", log, '* | parse "\\" * " as status | count by status'])
    package("polars", ("Polars", asked), POLARS.format(log=log, pattern=PATTERN))
    package("duckdb", ("DuckDB", asked), DUCKDB.format(log=log, pattern=PATTERN))
    package("chdb", ("ClickHouse (chdb)", asked), f"import chdb; print(chdb.query({click!r}))")
    package("pyspark", ("Spark", asked), SPARK.format(log=log, pattern=PATTERN, threads=threads), needs="java")
    return found, missing


def goaccess(log, threads):
    """(Name, arguments), or None where it is not installed."""
    if not shutil.which("goaccess"):
        return None
    # Versions before 1.8 have one job only.
    jobs = threads if b"--jobs" in subprocess.run(["goaccess", "--help"], capture_output=True).stdout else 1
    argv = ["goaccess", log, "--log-format=COMBINED", "--no-global-config", "-o", "json"]
    return f"GoAccess {version(['goaccess', '--version'])}, {jobs} job(s)", argv + (["-j", str(jobs)] if jobs > 1 else [])
