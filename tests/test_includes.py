# SPDX-License-Identifier: MIT
"""make lint checks in the source which folder includes which."""

import shutil
import subprocess

import pytest

from harness.programs import ROOT


def check(folder):
    return subprocess.run(
        ["sh", str(ROOT / "tests" / "includes.sh"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path):
    for name in ("milter", "include"):
        shutil.copytree(ROOT / name, tmp_path / name)
    assert check(tmp_path).returncode == 0
    return tmp_path


def insert(path, line):
    path.write_text(line + "\n" + path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path, line, complaint",
    [
        # The mail side has no database.
        (
            "milter/intake/session.c",
            '#include "db/db.h"',
            "milter/intake/session.c:1: intake may not include db/db.h",
        ),
        (
            "milter/intake/session.c",
            "# include <libpq-fe.h>",
            "milter/intake/session.c:1: <libpq-fe.h> belongs in a .c file "
            "of milter/db",
        ),
        # However the header is named.
        (
            "milter/intake/session.c",
            "#include <db/db.h>",
            'milter/intake/session.c:1: a header of ours is named as "folder/name.h"',
        ),
        (
            "milter/intake/session.c",
            '#include "../db/sqlstate.h"',
            'milter/intake/session.c:1: a header of ours is named as "folder/name.h"',
        ),
        # A folder does not know the folders above it.
        (
            "include/base/log.h",
            '#include "config/config.h"',
            "include/base/log.h:1: base may not include config/config.h",
        ),
        # No header of ours includes that of a library.
        (
            "include/document/gunzip.h",
            "#include <zlib.h>",
            "include/document/gunzip.h:1: <zlib.h> belongs in a .c file of "
            "milter/document",
        ),
    ],
)
def test_a_violation_is_named(copy, path, line, complaint):
    insert(copy / path, line)
    done = check(copy)
    assert done.returncode != 0
    assert complaint in done.stderr.splitlines()


def test_the_table_and_the_folders_agree(copy):
    table = copy / "milter" / "README.md"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("| `show/` |", "| `shows/` |"), encoding="utf-8")
    done = check(copy)
    assert done.returncode != 0
    assert "milter/README.md: there is no folder shows" in done.stderr
    assert "milter/show: is not in the table in milter/README.md" in done.stderr


def test_a_file_outside_the_folders_is_named(copy):
    (copy / "milter" / "stray.c").write_text("")
    done = check(copy)
    assert done.returncode != 0
    assert done.stderr == "milter/stray.c: stands in no folder\n"
