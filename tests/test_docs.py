# SPDX-License-Identifier: MIT
"""The manual pages name whatever the programs know: a key, an option, an
anomaly, a metric, a log event or an exit code that is missing there fails."""

import os
import re
import subprocess

import pytest

from harness import programs
from harness.programs import ALL, ROOT

PAGES = ROOT / "packaging" / "man"
DAEMONS = ("tlsrpt-milter", "tlsrpt-loader")
NAMES = (
    "tlsrpt-milter.8",
    "tlsrpt-loader.8",
    "tlsrpt-import.1",
    "tlsrpt-report.1",
    "tlsrpt-milter.conf.5",
)
# The modules whose exit codes a program ends with.
MODULES = {
    "tlsrpt-milter": ("intake/main_milter.c", "intake/mlfi.c"),
    "tlsrpt-loader": (
        "load/main_loader.c", "load/loader.c", "load/loader_status.c",
    ),
    "tlsrpt-import": ("intake/main_import.c",),
    "tlsrpt-report": ("show/main_report.c",),
}
SYSEXITS = {
    name: getattr(os, name) for name in dir(os) if name.startswith("EX_")
}


def page(name):
    return (PAGES / name).read_text(encoding="utf-8")


def page_of(program):
    return next(page(name) for name in NAMES if name.startswith(program + "."))


def source(path):
    """A C file without comments, its lines joined where '\\' ends them."""
    text = (ROOT / path).read_text(encoding="utf-8").replace("\\\n", "\n")
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def sections(text):
    """{section or subsection: its text}."""
    parts = re.split(r"(?m)^\.S[hs] (.*)\n", text)
    return dict(zip(parts[1::2], parts[2::2]))


def items(text):
    """{each name of an .It line: the text below}."""
    found = {}
    for entry in re.split(r"(?m)^\.It ", text)[1:]:
        head, _, body = entry.partition("\n.El")[0].partition("\n")
        for name in re.sub(r"\b(Ic|Li|Fl|Cm|Dv) ", "", head).split(" , "):
            found[name.strip()] = body
    return found


def plain(mdoc):
    """Text without macros, in one line."""
    mdoc = mdoc.replace("\\(aq", "'").replace("\\&", "")
    return " ".join(mdoc.split())


def arguments(text, start):
    """The arguments of a call or macro as text; start is behind its '('."""
    found, depth, begin, quoted = [], 0, start, False
    for at in range(start, len(text)):
        c = text[at]
        if c == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif c in "([{":
            depth += 1
        elif c in ")]}" and depth > 0:
            depth -= 1
        elif c == "," and depth == 0 or c == ")":
            found.append(text[begin:at].strip())
            begin = at + 1
            if c == ")":
                return found
    raise AssertionError(f"no end: {text[start:start + 80]}")


def literal(text):
    """Adjacent string literals as one string, or None."""
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    rest = re.sub(r'"(?:[^"\\]|\\.)*"', "", text).strip()
    return "".join(parts) if parts and not rest else None


def entries(path, macro):
    """The X(…) of a list macro in a header."""
    text = source(path)
    text = text[text.index(f"#define {macro}(X)") :]
    end = re.compile(r"(?m)^(#define|enum|struct)\b").search(text, 1)
    text = text[: end.start()]
    found = [
        arguments(text, match.end()) for match in re.finditer(r"\bX\(", text)
    ]
    # The first is the macro's own parameter.
    assert len(found) > 3
    return [entry for entry in found if len(entry) > 1]


def config_number(text):
    for name, factor in (("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30)):
        text = text.replace(f"CONFIG_{name}", str(factor))
    value = 1
    for factor in text.split("*"):
        value *= int(factor)
    return value


def shown(key_type, value):
    if key_type == "SIZE":
        for unit, factor in (("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)):
            if value % factor == 0:
                return f"{value // factor}{unit}"
    return str(value)


@pytest.mark.parametrize("name", NAMES)
def test_page_is_clean(name):
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wwarning", PAGES / name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")


def printed_keys():
    """What --check-config prints: {section: {key: value}}."""
    done = programs.run(
        "tlsrpt-milter",
        "--check-config",
        *("-c", ROOT / "packaging" / "tlsrpt-milter.conf"),
    )
    assert done.returncode == 0, done.stderr
    found, section = {}, None
    for line in done.stdout.splitlines():
        if line.endswith("{"):
            section = line.split()[0]
            found[section] = {}
        elif " = " in line:
            key, _, value = line.strip().partition(" = ")
            found[section][key] = value
    assert len(found) > 5
    return found


def test_keys():
    text = sections(page("tlsrpt-milter.conf.5"))
    for section, keys in printed_keys().items():
        described = items(text[f"Section {section}"])
        assert list(described) == list(keys), section


def test_defaults_and_ranges():
    text = sections(page("tlsrpt-milter.conf.5"))
    empty = {"LIST": "an empty list", "STRING": "an empty string"}
    for entry in entries("milter/config/config_key.h", "CONFIG_KEYS"):
        section, name, kind = literal(entry[1]), literal(entry[2]), entry[3]
        sentence = "Default: " + (literal(entry[5]) or empty[kind])
        bounds = dict(
            part.split(" = ", 1) for part in entry[6:] if " = " in part
        )
        if ".least" in bounds:
            least, most = (
                shown(kind, config_number(bounds[bound]))
                for bound in (".least", ".most")
            )
            sentence += f"; {least} to {most}"
        body = items(text[f"Section {section}"])[name]
        assert body.startswith(sentence + ".\n"), (section, name, sentence)


@pytest.mark.parametrize("program", ALL)
def test_options(program):
    done = programs.run(program, "--help")
    options = re.findall(r"(?m)^ {2,6}(?:-\w, )?--([a-z-]+)", done.stdout)
    assert {"config", "check-config", "help", "version"} <= set(options)
    for option in options:
        assert re.search(
            rf"(?m)^\.It (.* , )?Fl -{option}( |$)", page_of(program)
        ), option


def test_anomalies():
    described = items(sections(page("tlsrpt-milter.8"))["ANOMALIES"])
    known = entries("include/document/report.h", "REPORT_ANOMALIES")
    names = [literal(entry[1]) for entry in known]
    assert list(described) == names
    for entry in known:
        expected = f"({literal(entry[2])}) {literal(entry[3])}."
        assert plain(described[literal(entry[1])]) == expected


def metric_names(macro):
    return {
        literal(entry[1])
        for entry in entries("include/base/metrics.h", f"METRICS_{macro}")
    }


def test_metrics():
    known = {name + "_total" for name in metric_names("COUNTERS")}
    known |= metric_names("GAUGES")
    described = {}
    for program in DAEMONS:
        described.update(items(sections(page_of(program))["METRICS"]))
    assert set(described) == known


def test_metric_outcomes():
    texts = {
        name: body
        for program in DAEMONS
        for name, body in items(sections(page_of(program))["METRICS"]).items()
    }
    for entry in entries("include/base/metrics.h", "METRICS_COUNTERS"):
        name, labels = literal(entry[1]) + "_total", literal(entry[2])
        for label, value in re.findall(r'(\w+)=\\"([^"\\]*)\\"', labels):
            assert re.search(rf"\b{label}\b", texts[name]), (name, label)
            assert re.search(rf"\b{value}\b", texts[name]), (name, value)


def status_names():
    text = source("milter/intake/pipeline.c")
    table = text[text.index("*pipeline_status_name(") :]
    names = re.findall(r'\[PIPELINE_\w+\] = "([a-z-]+)"', table)
    return ["spooled" if name == "stored" else name for name in names]


def events_of(path):
    text = source(path)
    for match in re.finditer(r"\blog_(?:event|failure)\(", text):
        call = arguments(text, match.end())
        name = literal(call[1]) if len(call) > 1 else None
        if name:
            yield name
        elif call[1] == "event":
            yield from status_names()
        else:
            # log.c's own definitions have parameters there.
            assert path == "milter/base/log.c", (path, call)


def test_events():
    described = {
        name
        for program in DAEMONS
        for name in items(sections(page_of(program))["LOG"])
    }
    known = {
        event
        for file in (ROOT / "milter").rglob("*.c")
        for event in events_of(file.relative_to(ROOT).as_posix())
    }
    assert {"spooled", "loaded", "database-down", "reload-refused"} < known
    assert described == known


@pytest.mark.parametrize("program", ALL)
def test_exit_codes(program):
    used = {
        SYSEXITS[name]
        for file in ("daemon/command_line.c", *MODULES[program])
        for name in re.findall(r"\bEX_[A-Z]+\b", source(f"milter/{file}"))
    }
    text = sections(page_of(program))["EXIT STATUS"]
    described = {int(code) for code in re.findall(r"(?m)^\.It (\d+)$", text)}
    assert used <= described
    # And no code that --help does not list.
    done = programs.run(program, "--help")
    listed = re.findall(r"(?m)^ +(\d+)  ", done.stdout)
    checks = set(range(4)) if "--check " in done.stdout else set()
    assert described <= {int(code) for code in listed} | checks


def test_lines_of_a_record():
    text = source("milter/spool/record_field.c")
    table = text[text.index("record_fields[RECORD_FIELD_COUNT]") :]
    names = re.findall(r'\[RECORD_FIELD_\w+\] =\s*(?:STRING\(|\{)"([a-z0-9-]+)"', table)
    assert len(names) > 15
    described = items(sections(page("tlsrpt-milter.8"))["SPOOL"])
    assert set(described) == {"version", "recipients-left-out", *names}


@pytest.mark.parametrize("program", ALL)
def test_summary_names_every_page(program):
    """Each page leads to all others."""
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
