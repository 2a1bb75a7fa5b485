# SPDX-License-Identifier: MIT
"""The demo exits by itself, or when told to, and leaves nothing behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

from harness.programs import BUILD, ROOT

DEMO = ROOT / "tests" / "demo.py"


def run_demo(*arguments, keep=""):
    done = subprocess.run(
        [sys.executable, DEMO, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "BUILD": str(BUILD), "KEEP": keep},
        timeout=300,
        check=False,
    )
    output = done.stdout.decode()
    assert done.returncode == 0, output
    return output


def the_folder(output):
    return Path(re.search(r"/tmp/tlsrpt-demo-\w+", output).group())


def processes_in(folder):
    """Pids whose command line or working directory mentions a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode()
            where = os.readlink(process / "cwd")
        except OSError:
            continue
        if str(folder) in command or where.startswith(str(folder)):
            found.append(process.name)
    return found


def assert_nothing_left(folder):
    assert processes_in(folder) == []
    assert not folder.exists()


def test_demo():
    output = run_demo()
    assert "byte for byte as sent" in output
    for kind in ("tlsa-invalid", "sts-webpki-invalid", "validation-failure"):
        assert kind in output
    for line in output.splitlines():
        assert len(line.expandtabs()) <= 80, line
    assert_nothing_left(the_folder(output))


def test_demo_that_keeps_running():
    output = run_demo(keep="1")
    folder = the_folder(output)
    try:
        assert len(processes_in(folder)) >= 4
        query = re.search(r"psql -h .*", output).group()
        done = subprocess.run(
            [*query.split(), "-XAtc", "SELECT count(*) FROM tlsrpt.report"],
            stdout=subprocess.PIPE,
            check=True,
        )
        assert done.stdout == b"7\n"
    finally:
        run_demo("--stop", str(folder))
    assert_nothing_left(folder)
