#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make fuzz: runs the fuzz targets, as many at once as there are cores.

Each target begins with its seeds and the corpus of earlier runs, and adds to
that corpus. An input that crashes a target, leaks or takes too long is kept in
the crash folder and named at the end, and the exit code is 1.
"""

import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent

# The longest input of each target in bytes. Where longer inputs would only
# repeat themselves, shorter ones make a target faster, and it finds more.
MAX_LENGTH = {
    "authres": 4096,
    "config": 8192,
    "gunzip": 16384,
    "mailbox": 8192,
    "mime": 16384,
    "pipeline": 16384,
    "record": 16384,
    "report_json": 8192,
    "escape": 2048,
    "syntax": 320,
}
RSS_LIMIT_MB = 1024
# Seconds for one input: a hundred times the slowest on an idle machine.
TIMEOUT = 20

COLUMNS = "{:<12} {:>12} {:>8} {:>8} {:>13} {:>9} {:>8} {:>8}  {}"


def targets():
    return sorted(path.stem[5:] for path in FOLDER.glob("fuzz_*.c"))


def command(target, build, seconds):
    corpus = build / "corpus" / target
    crashes = build / "crash"
    corpus.mkdir(parents=True, exist_ok=True)
    crashes.mkdir(exist_ok=True)
    return [
        build / "fuzz" / f"fuzz_{target}",
        f"-max_total_time={seconds}",
        f"-max_len={MAX_LENGTH[target]}",
        f"-rss_limit_mb={RSS_LIMIT_MB}",
        f"-timeout={TIMEOUT}",
        f"-dict={FOLDER / 'dict' / target}.dict",
        f"-artifact_prefix={crashes}/{target}-",
        "-print_final_stats=1",
        # Inputs also count as different if they differ in the values compared.
        "-use_value_profile=1",
        corpus,
        FOLDER / "seeds" / target,
    ]


def environment(folder):
    return {
        **os.environ,
        "TMPDIR": folder,
        "ASAN_OPTIONS": "detect_leaks=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "G_SLICE": "always-malloc",
        # A critical message from GLib is a bug.
        "G_DEBUG": "fatal-criticals",
    }


def run_target(target, build, seconds):
    """Runs a target; returns its log, its exit code and its CPU seconds."""
    log = build / f"{target}.log"
    # In memory if possible, since a spool waits for its disk.
    shm = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = tempfile.mkdtemp(prefix="tlsrpt-fuzz-", dir=shm)
    try:
        with open(log, "wb") as output:
            child = subprocess.Popen(
                command(target, build, seconds),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment(folder),
            )
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = log.read_text("utf-8", "replace")
    return text, child.returncode, usage.ru_utime + usage.ru_stime


def last(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def row(target, text, code, cpu):
    executions = last(r"stat::number_of_executed_units: (\d+)", text)
    edges = last(r"Loaded 1 PC tables \((\d+) PCs\)", text)
    covered = last(r"cov: (\d+)", text)
    return COLUMNS.format(
        target,
        executions,
        f"{cpu / 60:.1f}",
        int(executions / cpu) if cpu else 0,
        f"{covered}/{edges}",
        last(r" ft: (\d+)", text),
        last(r"corp: (\d+)", text),
        f"{last(r'stat::slowest_unit_time_sec: *([0-9]+)', text)} s",
        "" if code == 0 else f"exit {code}",
    )


def finding(text):
    """The finding in a log, without the progress of the search."""
    lines = [
        line[:200]
        for line in text.splitlines()
        if not re.match(r"#\d+\t|INFO:|0x|Base64:", line)
    ]
    return "\n".join(lines[-60:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--seconds", type=int, default=60, help="of each")
    parser.add_argument("targets", nargs="*", help="instead of all")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    names = arguments.targets or targets()

    rows, failed = {}, []

    def job(target):
        text, code, cpu = run_target(target, build, arguments.seconds)
        rows[target] = row(target, text, code, cpu)
        print(rows[target], flush=True)
        if code != 0:
            failed.append((target, text))

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(job, target) for target in names]:
            done.result()

    print()
    print(
        COLUMNS.format(
            *("target", "executions", "CPU min", "per s", "edges"),
            *("features", "corpus", "slowest", ""),
        )
    )
    for target in names:
        print(rows[target])
    for target, text in failed:
        print(f"\n{target}:\n{finding(text)}", file=sys.stderr)
        for path in re.findall(r"Test unit written to (\S+)", text):
            print(f"{target}: the input is in {path}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
