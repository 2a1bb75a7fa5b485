# SPDX-License-Identifier: MIT
"""Wrong configurations, and the arguments of all four programs."""

import os
import re

import pytest

from harness import programs


# name: (text, "[section] key" or "[section]" in the error, a word in it)
BAD = {
    "unknown key": ("[milter]\nnonsense = 1\n", "[milter] nonsense", ""),
    "unknown section": ("[nonsense]\n", "[nonsense]", ""),
    "wrong type: list for a word": (
        "[milter]\n\ndisposition = a, b\n",
        "[milter] disposition",
        "",
    ),
    "wrong type: word for a number": (
        "[database]\nbatch = many\n",
        "[database] batch",
        "",
    ),
    "wrong type: word for a boolean": (
        "[milter]\nadd-header = maybe\n",
        "[milter] add-header",
        "",
    ),
    "wrong enumeration": (
        "[milter]\ndisposition = drop\n",
        "[milter] disposition",
        "discard",
    ),
    "wrong size": (
        "[limits]\nmessage-size = 25X\n",
        "[limits] message-size",
        "25X",
    ),
    "negative": ("[limits]\npolicies = -1\n", "[limits] policies", "-1"),
    "zero": ("[limits]\nmime-parts = 0\n", "[limits] mime-parts", "0"),
    "octal": ("[database]\nbatch = 010\n", "[database] batch", "010"),
    "too large": (
        "[limits]\njson-depth = 100000000\n",
        "[limits] json-depth",
        "",
    ),
    "repeated key": (
        "[milter]\nadd-header = true\nadd-header = false\n",
        "[milter] add-header",
        "",
    ),
    "repeated section": (
        "[milter]\nadd-header = true\n[log]\n[milter]\n",
        "[milter]",
        "repeated",
    ),
    "section that is not closed": ("[milter\nsocket = fd:3\n", "", "[milter"),
    "quote that is not closed": (
        '[milter]\nsocket = "unix:/x\n',
        "[milter] socket",
        "",
    ),
    "value in quotes": ('[milter]\nsocket = "fd:3"\n', "[milter] socket", "quotes"),
    "comment behind a value": (
        "[log]\nlevel = info # quiet\n",
        "[log] level",
        "lines of their own",
    ),
    "key before any section": ("level = info\n", "", "section"),
    "locale": ("[log]\nlevel[de] = info\n", "[log] level[de]", "unknown"),
    "discard without recipients": (
        "[milter]\ndisposition = discard\n",
        "[milter] disposition",
        "recipients",
    ),
    "require without authserv-ids": (
        "[accept]\nauthentication = require\n",
        "[accept] authentication",
        "authserv-ids",
    ),
    "empty local part": (
        "[milter]\nrecipients = @example.com\n",
        "[milter] recipients",
        "@example.com",
    ),
    "empty local part before a plus": (
        "[milter]\nrecipients = +*@example.com\n",
        "[milter] recipients",
        "+*@example.com",
    ),
    "pattern without a domain": (
        "[milter]\nrecipients = tlsrpt\n",
        "[milter] recipients",
        "tlsrpt",
    ),
    "empty item": (
        "[milter]\nrecipients = a@example.com,\n",
        "[milter] recipients",
        "empty",
    ),
    "socket of no kind": (
        "[milter]\nsocket = somewhere\n",
        "[milter] socket",
        "",
    ),
    "socket of a port that can't be": (
        "[milter]\nsocket = inet:99999@127.0.0.1\n",
        "[milter] socket",
        "",
    ),
    "log target": ("[log]\ntarget = printer\n", "[log] target", "syslog"),
    "log level": ("[log]\nlevel = loud\n", "[log] level", ""),
    "empty connection string": (
        "[database]\nconninfo =\n",
        "[database] conninfo",
        "empty",
    ),
    "no syntax at all": ("]]]]\n", "", ""),
    "binary": ("[milter]\n\0\n", "", "line 2"),
}


def assert_refused(name, path, key, word, *arguments):
    done = programs.run(name, "-c", path, *arguments, timeout=20)
    assert done.returncode == programs.EX_CONFIG, done
    assert done.stdout == ""
    errors = done.stderr.splitlines()
    assert len(errors) == 1, done.stderr
    start = f"{path}: {key}: " if key else f"{path}: "
    assert errors[0].startswith(start), errors[0]
    rest = errors[0].removeprefix(start)
    assert len(rest) > 10, errors[0]
    assert word in rest, errors[0]
    assert "hunter2" not in errors[0]


@pytest.mark.parametrize("name", programs.ALL)
@pytest.mark.parametrize("case", BAD)
def test_bad_configuration(place, name, case):
    text, key, word = BAD[case]
    path = place / "bad.conf"
    path.write_text(text)
    assert_refused(name, path, key, word, "--check-config")


PASSWORDS = (
    "host=x password=hunter2",
    "postgresql://loader:hunter2@x/tlsrpt",
)


@pytest.mark.parametrize("name", ["tlsrpt-loader", "tlsrpt-report"])
@pytest.mark.parametrize("conninfo", [*PASSWORDS, "host=x hunter2"])
def test_bad_connection_string(place, name, conninfo):
    """Programs that have libpq check conninfo with its own parser."""
    path = place / "bad.conf"
    path.write_text(f"[database]\nconninfo = {conninfo}\n")
    word = "password" if conninfo in PASSWORDS else "connection string"
    assert_refused(name, path, "[database] conninfo", word, "--check-config")
    if name == "tlsrpt-loader":
        assert_refused(name, path, "[database] conninfo", word)


@pytest.mark.parametrize("name", ["tlsrpt-milter", "tlsrpt-import"])
def test_connection_string_on_the_mail_side(place, name):
    """Programs without libpq take conninfo as plain text."""
    path = place / "good.conf"
    path.write_text("[database]\nconninfo = whatever it is\n")
    done = programs.run(name, "-c", path, "--check-config")
    assert done.returncode == 0, done
    assert "conninfo = whatever it is\n" in done.stdout


@pytest.mark.parametrize("name", ["tlsrpt-milter", "tlsrpt-loader"])
def test_daemons_do_not_start_with_a_bad_configuration(place, name):
    path = place / "bad.conf"
    path.write_text("[milter]\nnonsense = 1\n")
    assert_refused(name, path, "[milter] nonsense", "")


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
    if make is make_missing:
        assert errors == [
            f"{name}: {path}: No such file or directory; "
            "name another file with -c FILE"
        ]
    assert re.match(rf"({name}: )?{re.escape(str(path))}: .{{10}}", errors[0])


@pytest.mark.parametrize("name", programs.ALL)
def test_check_config_prints_what_it_reads(place, name):
    """The output is a configuration, and reads back to the same one."""
    path = place / "good.conf"
    path.write_text(
        "[milter]\nrecipients = TLSrpt@example.com, *@x.example\n"
        "disposition = discard\n"
        "# a comment\n"
        "[limits]\nmessage-size = 10M\ndeadline = 5\n"
        f'[spool]\ndirectory = {place}/a "b" \\c\n'
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
        f"[milter]\nsocket = unix:{place}/none/m.sock\n"
        f"[spool]\ndirectory = {place}/spool\n"
        "[log]\ntarget = stderr\n"
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
        f"[milter]\nsocket = unix:{place}/m.sock\n"
        f"[spool]\ndirectory = {place}/file/spool\n"
        "[log]\ntarget = stderr\n"
    )
    done = programs.run(name, "-c", path, timeout=30)
    assert done.returncode == 73, done
    assert "file/spool" in done.stderr
    # Somebody who tries it by hand does not look at a log.
    path.write_text(path.read_text().replace("stderr", "syslog"))
    done = programs.run(name, "-c", path, timeout=30)
    assert done.returncode == 73, done
    assert done.stderr.startswith(f"{name}: spool folder {place}/file/spool")
