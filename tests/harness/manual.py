# SPDX-License-Identifier: MIT
"""Reads the parts of the manual pages that tests compare with the programs."""

import functools
import re
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "packaging" / "man"
NAMES = (
    "tlsrpt-milter.8",
    "tlsrpt-loader.8",
    "tlsrpt-import.1",
    "tlsrpt-report.1",
    "tlsrpt-milter.conf.5",
)


@functools.cache
def page(name):
    return (PAGES / name).read_text(encoding="utf-8")


def page_of(program):
    return next(page(name) for name in NAMES if name.startswith(program + "."))


def sections(text):
    """The sections and subsections of a page: {name: text}."""
    parts = re.split(r"(?m)^\.S[hs] (.*)\n", text)
    return dict(zip(parts[1::2], parts[2::2]))


def items(text):
    """The items of a list: {each name of an .It line: the text below}."""
    found = {}
    for entry in re.split(r"(?m)^\.It ", text)[1:]:
        head, _, body = entry.partition("\n.El")[0].partition("\n")
        for name in re.sub(r"\b(Ic|Li|Fl|Cm|Dv) ", "", head).split(" , "):
            found[name.strip()] = body
    return found


def plain(mdoc):
    """Text without escapes, on one line."""
    mdoc = mdoc.replace("\\(aq", "'").replace("\\(dq", '"').replace("\\&", "")
    return " ".join(mdoc.split())


@functools.cache
def events(program):
    """The log events on a program's page; none if it has no log."""
    return frozenset(items(sections(page_of(program)).get("LOG", "")))


@functools.cache
def exit_codes(program):
    """The exit codes on a program's page."""
    text = sections(page_of(program))["EXIT STATUS"]
    return frozenset(
        int(code) for code in re.findall(r"(?m)^\.It (\d+)$", text)
    )
