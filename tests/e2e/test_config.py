# SPDX-License-Identifier: MIT
"""Configurations that are wrong, and the arguments of all four programs."""

import os
import re

import pytest

from harness import programs


# name: (text, line of the error, key in the message, a word of the message)
BAD = {
    "unknown key": ("milter {\n nonsense = 1\n}\n", 2, "nonsense", ""),
    "unknown section": ("nonsense {\n}\n", 1, "nonsense", ""),
    "wrong type: list for a word": (
        "milter {\n\n disposition = {a, b}\n}\n",
        3,
        "disposition",
        "",
    ),
    "wrong type: word for a number": (
        "database {\n batch = many\n}\n",
        2,
        "batch",
        "",
    ),
    "wrong type: word for a boolean": (
        "milter {\n add-header = maybe\n}\n",
        2,
        "add-header",
        "",
    ),
    "wrong enumeration": (
        "milter {\n disposition = drop\n}\n",
        2,
        "disposition",
        "discard",
    ),
    "wrong size": (
        'limits {\n message-size = "25X"\n}\n',
        2,
        "message-size",
        "25X",
    ),
    "negative": ("limits {\n policies = -1\n}\n", 2, "policies", "-1"),
    "zero": ("limits {\n mime-parts = 0\n}\n", 2, "mime-parts", "0"),
    "octal": ("database {\n batch = 010\n}\n", 2, "batch", "010"),
    "too large": (
        "limits {\n json-depth = 100000000\n}\n",
        2,
        "json-depth",
        "",
    ),
    "repeated key": (
        "milter {\n add-header = true\n add-header = false\n}\n",
        3,
        "add-header",
        "",
    ),
    "repeated section": (
        "log {\n level = info\n}\nlog {\n level = debug\n}\n",
        4,
        "log",
        "",
    ),
    "unclosed section": ("milter {\n add-header = true\n", None, "", ""),
    "unclosed string": ('milter {\n socket = "unix:/x\n}\n', None, "", ""),
    "discard without recipients": (
        "milter {\n disposition = discard\n}\n",
        2,
        "disposition",
        "recipients",
    ),
    "require without authserv-ids": (
        "accept {\n authentication = require\n}\n",
        2,
        "authentication",
        "authserv-ids",
    ),
    "empty local part": (
        'milter {\n recipients = {"@example.com"}\n}\n',
        2,
        "recipients",
        "@example.com",
    ),
    "empty local part before a plus": (
        'milter {\n recipients = {"+*@example.com"}\n}\n',
        2,
        "recipients",
        "+*@example.com",
    ),
    "pattern without a domain": (
        'milter {\n recipients = {"tlsrpt"}\n}\n',
        2,
        "recipients",
        "tlsrpt",
    ),
    "socket of no kind": (
        'milter {\n socket = "somewhere"\n}\n',
        2,
        "socket",
        "",
    ),
    "socket of a port that can't be": (
        'milter {\n socket = "inet:99999@127.0.0.1"\n}\n',
        2,
        "socket",
        "",
    ),
    "log target": ("log {\n target = printer\n}\n", 2, "target", "syslog"),
    "log level": ("log {\n level = loud\n}\n", 2, "level", ""),
    "password": (
        'database {\n conninfo = "host=x password=hunter2"\n}\n',
        2,
        "conninfo",
        "password",
    ),
    "no syntax at all": ("]]]]\n", 1, "", ""),
    "binary": ("milter {\n\0\n}\n", None, "", ""),
}


def assert_refused(name, path, line, key, word, *arguments):
    done = programs.run(name, "-c", path, *arguments, timeout=20)
    assert done.returncode == programs.EX_CONFIG, done
    assert done.stdout == ""
    errors = done.stderr.splitlines()
    assert len(errors) == 1, done.stderr
    number = r"\d+" if line is None else str(line)
    pattern = rf"{re.escape(str(path))}:{number}: "
    found = re.match(pattern, errors[0])
    assert found, errors[0]
    rest = errors[0][found.end() :]
    assert len(rest) > 10, errors[0]
    if key:
        assert re.match(rf"([a-z-]+\.)?{re.escape(key)}: .", rest), errors[0]
    assert word in rest, errors[0]
    assert "hunter2" not in errors[0]


@pytest.mark.parametrize("name", programs.ALL)
@pytest.mark.parametrize("case", BAD)
def test_bad_configuration(place, name, case):
    text, line, key, word = BAD[case]
    path = place / "bad.conf"
    path.write_text(text)
    assert_refused(name, path, line, key, word, "--check-config")


@pytest.mark.parametrize("name", ["tlsrpt-milter", "tlsrpt-loader"])
def test_daemons_do_not_start_with_a_bad_configuration(place, name):
    path = place / "bad.conf"
    path.write_text("milter {\n nonsense = 1\n}\n")
    assert_refused(name, path, 2, "nonsense", "")


def make_missing(path):
    pass


def make_directory(path):
    path.mkdir()


def make_fifo(path):
    os.mkfifo(path)


def make_large(path):
    path.write_text("# a comment\n" * 100_000)


@pytest.mark.parametrize("name", programs.ALL)
@pytest.mark.parametrize(
    "make", [make_missing, make_directory, make_fifo, make_large]
)
def test_no_usable_file(place, name, make):
    path = place / "odd.conf"
    make(path)
    done = programs.run(name, "-c", path, "--check-config", timeout=20)
    assert done.returncode == programs.EX_CONFIG, done
    errors = done.stderr.splitlines()
    assert len(errors) == 1, done.stderr
    assert re.match(rf"{re.escape(str(path))}(:\d+)?: .{{10}}", errors[0])


@pytest.mark.parametrize("name", programs.ALL)
def test_check_config_prints_what_it_reads(place, name):
    """Its output is a configuration, and reads back to the same."""
    path = place / "good.conf"
    path.write_text(
        'milter { recipients = {"TLSrpt@example.com", "*@x.example"}\n'
        " disposition = discard }\n"
        "# a comment\n"
        'limits { message-size = "10M" deadline = 5 }\n'
        f'spool {{ directory = "{place}/a \\"b\\" c" }}\n'
    )
    first = programs.run(name, "-c", path, "--check-config")
    assert first.returncode == 0, first.stderr
    assert "discard" in first.stdout
    path.write_text(first.stdout)
    second = programs.run(name, "-c", path, "--check-config")
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout


@pytest.mark.parametrize("name", programs.ALL)
def test_empty_file_is_all_defaults(place, name):
    path = place / "empty.conf"
    path.write_text("")
    done = programs.run(name, "-c", path, "--check-config")
    assert done.returncode == 0, done.stderr
    for key in ("recipients", "message-size", "conninfo", "deadline"):
        assert key in done.stdout


@pytest.mark.parametrize("name", programs.ALL)
def test_help_and_version(name):
    done = programs.run(name, "--help")
    assert done.returncode == 0
    assert name in done.stdout
    for option in ("-c", "--check-config", "--help", "--version"):
        assert option in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    assert done.stderr == ""
    done = programs.run(name, "--version")
    assert done.returncode == 0
    assert re.fullmatch(r"\S+ \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("name", programs.ALL)
@pytest.mark.parametrize("arguments", [["--nonsense"], ["-Z"], ["-c"]])
def test_wrong_usage(name, arguments):
    done = programs.run(name, *arguments)
    assert done.returncode == programs.EX_USAGE, done
    assert name in done.stderr


@pytest.mark.parametrize("name", ["tlsrpt-milter", "tlsrpt-loader"])
def test_daemons_take_no_operands(place, name):
    path = place / "empty.conf"
    path.write_text("")
    done = programs.run(name, "-c", path, "operand", timeout=20)
    assert done.returncode == programs.EX_USAGE, done


def test_import_needs_a_path(place):
    path = place / "empty.conf"
    path.write_text("")
    done = programs.run("tlsrpt-import", "-c", path)
    assert done.returncode == programs.EX_USAGE, done


@pytest.mark.parametrize(
    "arguments",
    [["--days", "x"], ["--days", "0"], ["--format", "pdf"], ["--domain"]],
)
def test_report_arguments(place, arguments):
    path = place / "empty.conf"
    path.write_text("")
    done = programs.run("tlsrpt-report", "-c", path, *arguments)
    assert done.returncode == programs.EX_USAGE, done


def test_milter_without_a_place_for_its_socket(place):
    path = place / "milter.conf"
    path.write_text(
        f'milter {{ socket = "unix:{place}/none/m.sock" }}\n'
        f'spool {{ directory = "{place}/spool" }}\n'
        "log { target = stderr }\n"
    )
    (place / "spool").mkdir()
    done = programs.run("tlsrpt-milter", "-c", path, timeout=30)
    assert done.returncode == 69, done
    assert "none/m.sock" in done.stderr
    path.write_text(path.read_text().replace("stderr", "syslog"))
    done = programs.run("tlsrpt-milter", "-c", path, timeout=30)
    assert done.returncode == 69, done
    assert done.stderr.splitlines()[-1].startswith("tlsrpt-milter: milter.")


@pytest.mark.parametrize("name", ["tlsrpt-milter", "tlsrpt-loader"])
def test_spool_that_can_not_be(place, name):
    (place / "file").write_text("")
    path = place / "bad.conf"
    path.write_text(
        f'milter {{ socket = "unix:{place}/m.sock" }}\n'
        f'spool {{ directory = "{place}/file/spool" }}\n'
        "log { target = stderr }\n"
    )
    done = programs.run(name, "-c", path, timeout=30)
    assert done.returncode == 73, done
    assert "file/spool" in done.stderr
    # Whoever tries it by hand looks at no log.
    path.write_text(path.read_text().replace("stderr", "syslog"))
    done = programs.run(name, "-c", path, timeout=30)
    assert done.returncode == 73, done
    assert done.stderr.startswith(f"{name}: spool folder {place}/file/spool")
