# SPDX-License-Identifier: MIT
"""The pgTAP scripts of tests/sql, each with an item and a fresh database."""

import re

import pytest

from harness.programs import ROOT
from harness.site import TEMPLATE

FOLDER = ROOT / "tests" / "sql"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.sql"))


def judge_tap(output):
    """Returns why TAP output is not a success, or None if it is."""
    plans = re.findall(r"^1\.\.(\d+)", output, re.MULTILINE)
    passed = re.findall(r"^ok \d+", output, re.MULTILINE)
    failed = re.findall(r"^not ok \d+.*", output, re.MULTILINE)
    if failed:
        return "\n".join(failed)
    if len(plans) != 1:
        return f"{len(plans)} plans"
    if int(plans[0]) == 0 or int(plans[0]) != len(passed):
        return f"planned {plans[0]} tests, {len(passed)} passed"
    return None


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("1..1\nok 1 - a\n", None),
        ("1..2\nok 1 - a\n", "planned 2 tests, 1 passed"),
        ("ok 1 - a\n1..1\nnot ok 2 - b\n", "not ok 2 - b"),
        ("ok 1\n", "0 plans"),
        ("1..0\n", "planned 0 tests, 0 passed"),
    ],
)
def test_judge(output, reason):
    assert judge_tap(output) == reason


@pytest.mark.parametrize("script", SCRIPTS)
def test_sql(script, postgres):
    database = postgres.create_database(TEMPLATE, prefix="sql")
    try:
        postgres.query(database, "CREATE EXTENSION IF NOT EXISTS pgtap")
        code, output = postgres.psql(
            database,
            *("-Atq", "-v", "ON_ERROR_STOP=1", "-f", FOLDER / f"{script}.sql"),
        )
        reason = judge_tap(output)
        assert code == 0 and reason is None, f"{reason}\npsql: {code}\n{output}"
    finally:
        postgres.drop_database(database)
