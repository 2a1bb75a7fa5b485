# SPDX-License-Identifier: MIT
"""Test cases that are files (tests/fixtures/README.md): an input NAME.ext, and
NAME.expect beside it with the facts expected of it, as lines "key: value"."""

import re

from .programs import FIXTURES


def cases(kind):
    """The cases in a folder, all of which have facts: {NAME: path of input}."""
    folder = FIXTURES / kind
    found = {}
    for path in sorted(folder.iterdir()):
        name = path.name.partition(".")[0]
        if path.suffix != ".expect":
            assert name not in found, f"{path}: {name} is there twice"
            found[name] = path
    assert set(found) == {path.stem for path in folder.glob("*.expect")}
    return found


def facts(kind, name):
    """The facts of a case: {key: value}."""
    path = FIXTURES / kind / f"{name}.expect"
    found = {}
    for line in path.read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        key, colon, value = line.partition(":")
        assert colon and key not in found, f"{path}: {line}"
        found[key] = value.removeprefix(" ")
    return found


def members(facts_of_a_case, name):
    """[{key: value}] of the facts "NAME[0].key: value", "NAME[1].key: value"."""
    found = []
    for key, value in facts_of_a_case.items():
        match = re.fullmatch(rf"{name}\[(\d+)\]\.(.+)", key)
        assert match, key
        number = int(match[1])
        assert number <= len(found), f"{key}: {len(found)} comes first"
        if number == len(found):
            found.append({})
        found[number][match[2]] = value
    return found
