# SPDX-License-Identifier: MIT
"""Mails that cost the recipient far more than the sender."""

import functools
import gzip
import itertools
import json
import zlib

from . import mails

MIB = 1 << 20


def _bomb(begin, unit, size):
    """gzip of begin and of as many units as fit in size."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = [packer.compress(begin)]
    block = unit * (MIB // len(unit))
    for _ in range(size // len(block)):
        packed.append(packer.compress(block))
    return b"".join(packed) + packer.flush()


def _carry(content, copies=1, media_type="application/tlsrpt+gzip"):
    part = mails.part(media_type, content, "a!example.com!1!2.json.gz")
    return mails.multipart("report", [mails.text_part(), *[part] * copies])


def _head(content_type, *fields):
    return "".join(
        line + "\r\n"
        for line in (
            "From: a@attacker.example",
            *fields,
            "MIME-Version: 1.0",
            f"Content-Type: {content_type}",
            "",
        )
    ).encode()


def zeros():
    return _carry(_bomb(b"", b"\0", 256 * MIB))


def sixteen_bombs():
    """Each is just within limits.report-size, so that it is read to its end."""
    return _carry(_bomb(b'{"policies":"', b"x", 15 * MIB), 16)


def unlabelled_bombs():
    """As many as limits.mime-parts allows, none of them a report."""
    return _carry(
        _bomb(b"", b" ", 15 * MIB), 98, "application/octet-stream"
    )


def empty_objects():
    return _carry(_bomb(b'{"policies":[', b"{},", 15 * MIB))


def empty_arrays():
    return _carry(_bomb(b'{"policies":[', b"[],", 15 * MIB))


def details():
    """Two hundred thousand details, just within limits.report-size."""
    one = mails.detail("certificate-expired")
    for name in ("receiving-ip", "sending-mta-ip"):
        del one[name]
    entry = mails.as_json(one).replace(b"\n", b"").replace(b" ", b"")
    whole = mails.as_json(
        mails.document(policies=[mails.policy(failed=1, details=[one])])
    )
    head, mark, tail = whole.partition(b'"failure-details": [')
    tail = tail[tail.index(b"]") :]
    many = b",".join([entry] * 200_000)
    return _carry(gzip.compress(head + mark + many + tail, 1))


def deep():
    return _carry(_bomb(b'{"policies":', b"[", 15 * MIB))


def deep_objects():
    return _carry(_bomb(b'{"policies":', b'{"a":', 15 * MIB))


def members():
    return _carry(gzip.compress(b"") * 200_000)


def parts():
    return (
        _head('multipart/mixed; boundary="x"')
        + b"\r\n"
        + b"--x\r\n\r\n" * 100_000
    )


def nested():
    level = (
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n"
    )
    return (
        _head("multipart/mixed; boundary=b0")
        + b"\r\n"
        + b"".join(level % (n, n + 1) for n in range(20_000))
    )


def header():
    fields = (f"X-{n}: " + "y" * 60_000 for n in range(64))
    return _head("application/tlsrpt+gzip", *fields) + b"\r\nx\r\n"


def part_header():
    field = b"X-Part: " + b"y" * 900 + b"\r\n"
    return (
        _head('multipart/mixed; boundary="x"')
        + b"\r\n--x\r\n"
        + field * 5000
        + b"\r\nx\r\n--x--\r\n"
    )


def collisions():
    """Keys that collide in GLib's hash, Bernstein's ("Ez" and "FY")."""
    keys = ("".join(pair) for pair in itertools.product(("Ez", "FY"), repeat=17))
    object_ = ",".join(f'"{key}":1' for key in keys)
    return _carry(gzip.compress(f'{{"policies":{{{object_}}}}}'.encode(), 1))


def many_keys():
    keys = ",".join(f'"{n:x}":1' for n in range(800_000))
    return _carry(gzip.compress(f'{{"policies":{{{keys}}}}}'.encode(), 1))


def json_in_strings():
    """Strings that are JSON again, each as long as limits.string-length allows
    and parsed by itself: empty objects, which take most memory."""
    return _json_in_strings("[" + "{}," * 21_000 + "{}]")


def lists_in_strings():
    """The same of what policy-string may hold: an array of strings."""
    return _json_in_strings("[" + '"",' * 13_000 + '""]')


def _json_in_strings(text):
    several = [text] * (975_000 // len(json.dumps(text)))
    document = mails.document(policies=[mails.policy()])
    document["policies"][0]["policy"]["policy-string"] = several
    document["policies"][0]["policy"]["mx-host"] = []
    return _carry(gzip.compress(mails.as_json(document), 9))


def duplicate_keys():
    """A key that comes twice is only noticed at the end of the object, and then
    all is parsed again; just small enough not to take turns."""
    head = b'{"a":1,"policies":[{}'
    tail = b'],"a":2}'
    unit = b",{}"
    count = (990_000 - len(head) - len(tail)) // len(unit)
    return _carry(gzip.compress(head + unit * count + tail, 9))


def strings():
    return _carry(_bomb(b'{"policies":[', b'"",', 15 * MIB))


def large():
    """A report that is not compressed, and almost at limits.message-size."""
    return _carry(b'{"policies":["' + b"x" * (17 * MIB))


KINDS = (
    zeros,
    sixteen_bombs,
    unlabelled_bombs,
    empty_objects,
    empty_arrays,
    details,
    deep,
    deep_objects,
    members,
    parts,
    nested,
    header,
    part_header,
    collisions,
    many_keys,
    strings,
    large,
    json_in_strings,
    lists_in_strings,
    duplicate_keys,
)


@functools.lru_cache(maxsize=None)
def mail(kind):
    """A hostile mail, made once per run."""
    return kind()
