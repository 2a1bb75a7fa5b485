# SPDX-License-Identifier: MIT
"""The manual pages describe each key, option, anomaly, metric, log event and exit
code of the programs: a test fails if one is missing.

The lists come from what the programs print, or else from print_tables. The
events that a daemon logs, and the codes that a program exits with, are compared
with its page in each test that runs it (Daemon and run in harness/programs.py)."""

import re
import subprocess

import pytest

from harness import manual, programs
from harness.manual import NAMES, PAGES, items, page, page_of, plain, sections
from harness.programs import ALL, BUILD, ROOT

DAEMONS = ("tlsrpt-milter", "tlsrpt-loader")


@pytest.fixture(scope="module")
def tables():
    """The tables of the library: {table: its rows}."""
    done = subprocess.run(
        [BUILD / "unit" / "print_tables"],
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    found = {}
    for line in done.stdout.splitlines():
        name, *row = line.split("\t")
        found.setdefault(name, []).append(row)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_page_is_clean(name):
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", PAGES / name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")


def printed_keys(*arguments):
    """What --check-config prints: {section: {key: value}}."""
    done = programs.run("tlsrpt-milter", "--check-config", *arguments)
    assert done.returncode == 0, done.stderr
    found, section = {}, None
    for line in done.stdout.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
            found[section] = {}
        elif line:
            key, _, value = line.partition("=")
            found[section][key.strip()] = value.strip()
    assert len(found) > 5
    return found


def test_keys():
    text = sections(page("tlsrpt-milter.conf.5"))
    sample = ROOT / "packaging" / "tlsrpt-milter.conf"
    for section, keys in printed_keys("-c", sample).items():
        described = items(text[f"Section {section}"])
        assert list(described) == list(keys), section


def allowed_range(path, section, key):
    """The bounds of a number, from the error about one that is too large."""
    path.write_text(programs.config_text({section: {key: 10**18}}))
    done = programs.run("tlsrpt-milter", "--check-config", "-c", path)
    assert done.returncode == programs.EX_CONFIG
    return re.search(r"allowed are (\w+ to \w+)$", done.stderr.strip())[1]


def test_defaults_and_ranges(place):
    text = sections(page("tlsrpt-milter.conf.5"))
    path = place / "empty.conf"
    path.write_text("")
    ranges = 0
    for section, keys in printed_keys("-c", path).items():
        described = items(text[f"Section {section}"])
        for key, value in keys.items():
            sentence = f"Default: {value or 'empty'}"
            if re.fullmatch(r"[0-9]+[KMG]?", value):
                sentence += f"; {allowed_range(path, section, key)}"
                ranges += 1
            body = described[key]
            assert body.startswith(sentence + ".\n"), (section, key, sentence)
    assert ranges > 10


@pytest.mark.parametrize("program", ALL)
def test_options(program):
    done = programs.run(program, "--help")
    options = re.findall(r"(?m)^ {2,6}(?:-\w, )?--([a-z-]+)", done.stdout)
    assert {"config", "check-config", "help", "version"} <= set(options)
    for option in options:
        assert re.search(
            rf"(?m)^\.It (.* , )?Fl -{option}( |$)", page_of(program)
        ), option


@pytest.mark.parametrize(
    "name", ("packaging/man/tlsrpt-milter.8", "schema/001_tables.sql")
)
def test_anomalies_are_written(name):
    """`make anomalies` has been run."""
    command = ("sh", ROOT / "packaging" / "anomalies.sh", ROOT / name)
    wanted = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    assert (ROOT / name).read_bytes() == wanted.stdout


def test_anomalies(tables):
    described = items(sections(page("tlsrpt-milter.8"))["ANOMALIES"])
    assert list(described) == [name for name, _, _ in tables["anomaly"]]
    rows = (ROOT / "schema" / "001_tables.sql").read_text().replace("''", "'")
    for name, clause, meaning in tables["anomaly"]:
        assert plain(described[name]) == f"({clause}) {meaning}."
        assert f"('{name}', '{clause}',\n '{meaning}.')" in rows


def described_metrics():
    """The metrics on the pages of both daemons: {name: text}."""
    described = {}
    for program in DAEMONS:
        described.update(items(sections(page_of(program))["METRICS"]))
    return described


def test_metrics(tables):
    known = {series.partition("{")[0] for (series,) in tables["metric"]}
    assert set(described_metrics()) == known


def test_metric_outcomes(tables):
    texts = described_metrics()
    labels = 0
    for (series,) in tables["metric"]:
        name = series.partition("{")[0]
        for label, value in re.findall(r'(\w+)="([^"]*)"', series):
            # Gauges have this label to say which program has written them.
            if label == "program":
                continue
            assert re.search(rf"\b{label}\b", texts[name]), series
            assert re.search(rf"\b{value}\b", texts[name]), series
            labels += 1
    assert labels > 5


@pytest.mark.parametrize("program", DAEMONS)
def test_events(program, tables):
    """The page has the events that the table gives the program. Daemon checks
    that each event logged is described."""
    known = {
        name
        for name, _, daemons in tables["event"]
        if program.removeprefix("tlsrpt-") in daemons.split()
    }
    assert {"started", "stopped", "reload-refused"} < known
    assert manual.events(program) == known


def test_events_are_logged(tables):
    source = "".join(path.read_text() for path in ROOT.glob("milter/*/*.c"))
    words = set(re.findall(r"\w+", source))
    assert {constant for _, constant, _ in tables["event"]} <= words


@pytest.mark.parametrize("program", ALL)
def test_exit_codes(program):
    """Each code described is in --help. run() and Daemon check that each code
    used is described."""
    done = programs.run(program, "--help")
    listed = re.findall(r"(?m)^ +(\d+)  ", done.stdout)
    checks = set(range(4)) if "--check " in done.stdout else set()
    described = manual.exit_codes(program)
    assert {0, 64, 78} <= described
    assert described <= {int(code) for code in listed} | checks


def test_lines_of_a_record(tables):
    names = [name for (name,) in tables["record-line"]]
    assert len(names) > 15
    described = items(sections(page("tlsrpt-milter.8"))["SPOOL"])
    assert set(described) == {"version", "recipients-left-out", *names}


@pytest.mark.parametrize("program", ALL)
def test_summary_names_every_page(program):
    """Each page refers to all the others."""
    text = page_of(program)
    for name in NAMES:
        other, _, section = name.rpartition(".")
        assert f".Xr {other} {section}" in text or other == program


def test_version_of_the_debian_package():
    version = re.search(
        r"(?m)^VERSION = (\S+)$", (ROOT / "Makefile").read_text()
    ).group(1)
    changelog = (ROOT / "packaging" / "debian" / "changelog").read_text()
    assert changelog.startswith(f"tlsrpt-milter ({version}) ")
    assert programs.run("tlsrpt-milter", "--version").stdout.split()[-1] == version
