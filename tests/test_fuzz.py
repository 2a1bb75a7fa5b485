# SPDX-License-Identifier: MIT
"""The seeds of the fuzz targets as plain tests, one item per target."""

import subprocess

import pytest

from harness.programs import BUILD, ROOT, environment, sanitizer_findings

FOLDER = ROOT / "tests" / "fuzz"
NAMES = sorted(path.stem[5:] for path in FOLDER.glob("fuzz_*.c"))
SEED_MAX = 64 * 1024


@pytest.mark.parametrize("name", NAMES)
def test_replay(name, place):
    program = BUILD / "fuzz" / f"replay_{name}"
    assert program.is_file(), f"{program} is not there: run make replay"
    seeds = FOLDER / "seeds" / name
    done = subprocess.run(
        [program, seeds],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=place,
        env=environment(
            place,
            TMPDIR=str(place),
            G_DEBUG="fatal-criticals",
            G_SLICE="always-malloc",
        ),
        timeout=600,
        check=False,
    )
    output = done.stdout.decode("utf-8", "replace")
    findings = sanitizer_findings(place)
    assert done.returncode == 0 and not findings, output[-4000:] + "\n".join(
        findings.values()
    )
    count = len(list(seeds.iterdir()))
    assert output.endswith(f"{count} seeds\n")
    assert not list(place.iterdir()), "it left something behind"


@pytest.mark.parametrize("name", NAMES)
def test_complete(name):
    """Each target has what make fuzz needs, and its seeds are small."""
    assert (FOLDER / "dict" / f"{name}.dict").is_file()
    seeds = list((FOLDER / "seeds" / name).iterdir())
    assert len(seeds) >= 20
    assert all(seed.stat().st_size <= SEED_MAX for seed in seeds)
