# SPDX-License-Identifier: MIT
"""The cmocka programs of tests/unit, with an item for each."""

import subprocess

import pytest

from harness.programs import BUILD, ROOT, environment, sanitizer_findings

NAMES = sorted(path.stem for path in ROOT.glob("tests/unit/test_*.c"))


@pytest.mark.parametrize("name", NAMES)
def test_unit(name, place):
    program = BUILD / "unit" / name
    assert program.is_file(), f"{program} is not there: run make unit"
    done = subprocess.run(
        [program],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=place,
        env=environment(place, TMPDIR=str(place)),
        timeout=600,
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")
    findings = sanitizer_findings(place)
    assert done.returncode == 0 and not findings, output + "\n".join(
        findings.values()
    )
    assert "[  PASSED  ]" in output, output
