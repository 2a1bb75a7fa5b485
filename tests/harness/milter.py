# SPDX-License-Identifier: MIT
"""The mail server's side of the milter protocol (version 6), packet by packet."""

import struct
import time

from .programs import connect

# What a filter may do (SMFIF_*).
ADDHDRS = 0x01
CHGBODY = 0x02
ADDRCPT = 0x04
DELRCPT = 0x08
CHGHDRS = 0x10
QUARANTINE = 0x20
ALL_ACTIONS = 0x1FF

# The steps that a filter may decline or request (SMFIP_*).
NOCONNECT = 0x01
NOHELO = 0x02
NOMAIL = 0x04
NORCPT = 0x08
NOBODY = 0x10
NOHDRS = 0x20
NOEOH = 0x40
NR_HDR = 0x80
NOUNKNOWN = 0x100
NODATA = 0x200
SKIP = 0x400
RCPT_REJ = 0x800
NR_CONN = 0x1000
NR_HELO = 0x2000
NR_MAIL = 0x4000
NR_RCPT = 0x8000
NR_DATA = 0x10000
NR_UNKN = 0x20000
NR_EOH = 0x40000
NR_BODY = 0x80000
HDR_LEADSPC = 0x100000
ALL_STEPS = 0x1FFFFF

NAMES = {
    b"c": "continue",
    b"a": "accept",
    b"d": "discard",
    b"r": "reject",
    b"t": "tempfail",
    b"y": "replycode",
    b"s": "skip",
    b"p": "progress",
    b"h": "addheader",
    b"i": "insheader",
    b"m": "chgheader",
    b"-": "delrcpt",
    b"+": "addrcpt",
    b"2": "addrcpt_par",
    b"b": "replbody",
    b"e": "chgfrom",
    b"q": "quarantine",
    b"4": "shutdown",
    b"f": "connfail",
}
# Replies that end a step; others before them belong to the same step.
FINAL = {
    "continue",
    "accept",
    "discard",
    "reject",
    "tempfail",
    "replycode",
    "skip",
    "shutdown",
    "connfail",
}


class Reply:
    """A reply: its name and its arguments."""

    def __init__(self, name, *arguments):
        self.name = name
        self.arguments = arguments

    def __eq__(self, other):
        if isinstance(other, str):
            return self.name == other
        return (self.name, self.arguments) == (other.name, other.arguments)

    def __hash__(self):
        return hash((self.name, self.arguments))

    def __repr__(self):
        return f"{self.name}{self.arguments!r}" if self.arguments else self.name


def parse_reply(code, data):
    name = NAMES.get(code, f"unknown {code!r}")
    if name in ("insheader", "chgheader"):
        index = struct.unpack("!I", data[:4])[0]
        return Reply(name, index, *data[4:].rstrip(b"\0").split(b"\0"))
    if name == "addheader":
        return Reply(name, *data[:-1].split(b"\0"))
    if data:
        return Reply(name, data.rstrip(b"\0"))
    return Reply(name)


def names(replies):
    return [reply.name for reply in replies]


def header_of(replies):
    """The X-TLSRPT that a message gets, or None."""
    found = [
        reply.arguments[-2:]
        for reply in replies
        if reply.name in ("addheader", "insheader")
    ]
    if not found:
        return None
    ((name, value),) = found
    assert name == b"X-TLSRPT"
    return value.strip().decode()


class Client:
    """One connection of a mail server. Counts what it sends."""

    def __init__(
        self, address, actions=ALL_ACTIONS, steps=ALL_STEPS, timeout=30.0
    ):
        self.socket = connect(address, timeout)
        self.body_bytes = 0
        self.waited = 0.0  # seconds until the answer to the end of a message
        self.actions = 0
        self.steps = 0
        self._negotiate(actions, steps)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _negotiate(self, actions, steps):
        self.send(b"O", struct.pack("!III", 6, actions, steps))
        code, data = self.receive()
        assert code == b"O", (code, data)
        version, self.actions, self.steps = struct.unpack("!III", data[:12])
        assert version <= 6
        assert self.actions & ~actions == 0, "wants actions not offered"
        assert self.steps & ~steps == 0, "wants protocol bits not offered"

    def send(self, command, data=b""):
        self.socket.sendall(
            struct.pack("!I", len(data) + 1) + command + data
        )

    def _read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise ConnectionError("the milter closed the connection")
            data += piece
        return data

    def receive(self):
        size = struct.unpack("!I", self._read(4))[0]
        assert 0 < size < 1 << 24, f"packet of {size} bytes"
        packet = self._read(size)
        return packet[:1], packet[1:]

    def replies(self):
        """Reads all replies up to the one that ends the step."""
        found = []
        while True:
            reply = parse_reply(*self.receive())
            if reply.name == "progress":
                continue
            found.append(reply)
            if reply.name in FINAL:
                return found

    def step(self, command, data, left_out=0, no_reply=0):
        """Sends a step unless the filter declined it. Returns the reply, or
        "continue" if the filter does not answer this step."""
        if self.steps & left_out:
            return Reply("continue")
        self.send(command, data)
        if self.steps & no_reply:
            return Reply("continue")
        return self.replies()[-1]

    def macros(self, command, **macros):
        data = command
        for name, value in macros.items():
            if len(name) > 1:
                name = "{" + name + "}"
            data += name.encode() + b"\0" + value.encode() + b"\0"
        self.send(b"D", data)

    def connect(self, host="client.example", address="192.0.2.1", port=25):
        data = host.encode() + b"\0" + b"4" + struct.pack("!H", port)
        data += address.encode() + b"\0"
        return self.step(b"C", data, NOCONNECT, NR_CONN)

    def helo(self, name="client.example"):
        return self.step(b"H", name.encode() + b"\0", NOHELO, NR_HELO)

    def mail(self, *arguments):
        return self._envelope(b"M", arguments, NOMAIL, NR_MAIL)

    def rcpt(self, *arguments):
        return self._envelope(b"R", arguments, NORCPT, NR_RCPT)

    def _envelope(self, command, arguments, left_out, no_reply):
        data = b"".join(
            (argument if isinstance(argument, bytes) else argument.encode())
            + b"\0"
            for argument in arguments
        )
        return self.step(command, data, left_out, no_reply)

    def data(self):
        return self.step(b"T", b"", NODATA, NR_DATA)

    def header(self, name, value):
        """Sends a header field, with value as in the message. Whether the blank
        after the colon is sent depends on the protocol."""
        if self.steps & HDR_LEADSPC:
            value = b" " + value
        return self.step(
            b"L", name + b"\0" + value + b"\0", NOHDRS, NR_HDR
        )

    def end_of_headers(self):
        return self.step(b"N", b"", NOEOH, NR_EOH)

    def body(self, chunk):
        reply = self.step(b"B", chunk, NOBODY, NR_BODY)
        self.body_bytes += len(chunk)
        return reply

    def end(self, chunk=b""):
        """Sends the end of a message; returns all replies."""
        self.send(b"E", chunk)
        self.body_bytes += len(chunk)
        sent = time.monotonic()
        replies = self.replies()
        self.waited = time.monotonic() - sent
        return replies

    def abort(self):
        self.send(b"A")

    def quit(self):
        self.send(b"Q")
        self.close()

    def envelope(self, sender, *recipients, queue_id="4XyZ12"):
        """Sends MAIL, RCPTs and DATA; returns the reply to DATA."""
        assert self.mail(sender) == "continue"
        if queue_id:
            self.macros(b"R", i=queue_id)
        for recipient in recipients:
            assert self.rcpt(recipient) == "continue"
        return self.data()

    def fields(self, raw):
        """Sends the header of a raw message, whatever the answers; returns its
        body, which is still to be sent."""
        head, _, body = raw.partition(b"\r\n\r\n")
        for name, value in split_headers(head):
            self.header(name, value)
        return body

    def message(self, raw, chunk=65535):
        """Sends header and body of a raw message as a mail server does. Stops
        when the filter has seen enough; returns the replies."""
        head, _, body = raw.partition(b"\r\n\r\n")
        for name, value in split_headers(head):
            reply = self.header(name, value)
            if reply != "continue":
                return [reply]
        reply = self.end_of_headers()
        if reply != "continue":
            return [reply]
        for start in range(0, len(body), chunk):
            reply = self.body(body[start : start + chunk])
            if reply == "skip":
                break
            if reply != "continue":
                return [reply]
        return self.end()


def split_headers(head):
    """(name, value) of each field; folds keep a bare LF, as MTAs send it."""
    fields = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and fields:
            fields[-1][1] += b"\n" + line
        else:
            name, _, value = line.partition(b":")
            fields.append([name, value.removeprefix(b" ")])
    return [(name, value) for name, value in fields]
