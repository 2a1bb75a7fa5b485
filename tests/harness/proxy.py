# SPDX-License-Identifier: MIT
"""A proxy in front of PostgreSQL, whose connections can be held and cut."""

import contextlib
import select
import socket
import threading
from pathlib import Path

SYNC = b"S\0\0\0\4"


class Proxy:
    """Listens on a socket in a folder of its own and forwards to a cluster's.

    hold_sync keeps back the last message of a query, so that the server never
    commits. hold_answer keeps back the answer, so that the server commits and
    the client does not know. hold_query takes queries and gives no answer, so
    that a client gets in and no further. cut() ends every connection."""

    def __init__(self, folder, postgres, port=5432):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.port = port
        self.hold_sync = False
        self.hold_answer = False
        self.hold_query = False
        self.held = threading.Event()
        self._server = str(postgres.folder / f".s.PGSQL.{port}")
        self._pairs = []
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / f".s.PGSQL.{port}"))
        self._listener.listen(16)
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def dsn(self, database, user):
        return f"host={self.folder} port={self.port} dbname={database} user={user}"

    def _run(self):
        while True:
            with self._lock:
                ends = [end for pair in self._pairs for end in pair]
            ready = select.select(
                [self._listener, self._woken, *ends], [], []
            )[0]
            if self._woken in ready and self._woken.recv(16) == b"q":
                return
            if self._listener in ready:
                self._accept()
            for end in ready:
                if end in ends:
                    self._forward(end)

    def _accept(self):
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._server)
        except OSError:
            client.close()
            return
        with self._lock:
            self._pairs.append((client, server))

    def _forward(self, end):
        with self._lock:
            pairs = [pair for pair in self._pairs if end in pair]
        if not pairs:
            return
        client, server = pairs[0]
        try:
            data = end.recv(1 << 16)
            if not data:
                self._close(pairs[0])
            elif end is server:
                if self.hold_answer:
                    self.held.set()
                else:
                    client.sendall(data)
            elif self.hold_query and data[:1] in (b"P", b"Q"):
                self.held.set()
            else:
                if self.hold_sync and data.endswith(SYNC):
                    data = data[: -len(SYNC)]
                    self.held.set()
                server.sendall(data)
        except OSError:
            self._close(pairs[0])

    def _close(self, pair):
        with self._lock:
            if pair in self._pairs:
                self._pairs.remove(pair)
        for end in pair:
            end.close()

    def cut(self):
        """Closes the connections on both sides; new ones work normally."""
        self.hold_sync = self.hold_answer = False
        self.held.clear()
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.cut()
        self._wake.send(b"q")
        self._thread.join()
        for pair in list(self._pairs):
            self._close(pair)
        for end in (self._listener, self._wake, self._woken):
            end.close()
