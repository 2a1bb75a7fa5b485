# SPDX-License-Identifier: MIT
"""Rows about the path from the mail server to the spool."""

import re
import subprocess
import time
from contextlib import ExitStack

import corpora
from bench import empty, settle
from harness import milter as protocol
from harness.postfix import MILTER_CF, MILTER_OPTIONS, Postfix
from measure import (
    RUNS,
    Row,
    bench_program,
    cpu_seconds,
    on_one_core,
    preload,
    resident_mib,
)

ORDINARY = 8192
STORE_CONNECTIONS = 16
FSYNC_CONNECTIONS = 64
FSYNC_SECONDS = 0.005
FSYNCS_A_REPORT = 2  # the record and its folder
IDLE_CONNECTIONS = 500


def offer(socket, connections, count, recipient, mails, replies):
    """Runs the load generator; every message must get this final reply."""
    result = bench_program(
        "load", socket, connections, count, recipient, mails
    )
    assert result["replies"] == {replies: count}, result
    return result


def ordinary_cpu(bench):
    """The CPU time that an ordinary message costs the process."""
    row = Row(
        "ordinary-cpu",
        "CPU time for an ordinary message of 8 kB",
        "null milter that accepts at DATA",
        "µs",
        1.10,
        False,
    )
    site = bench.site(database=False)
    ours = site.milter()
    null, null_socket = bench.null_milter("accept")
    mails = corpora.write_mails(
        bench.folder / "ordinary", [corpora.ordinary_mail(ORDINARY)]
    )
    count = bench.count(60_000)

    def cost(pid, socket):
        before = cpu_seconds(pid)
        result = offer(socket, 4, count, "bob@example.com", mails, "a")
        assert result["body_bytes"] == 0
        return (cpu_seconds(pid) - before) / count * 1e6

    with on_one_core(ours.pid, null):
        cost(ours.pid, site.socket), cost(null, null_socket)
        for _ in range(RUNS + 6):
            base = cost(null, null_socket)
            row.add(cost(ours.pid, site.socket), base)
    bench.stop(site)
    return [row]


def start_postfix(bench, stack, name, socket=None):
    """A Postfix as it comes; with the milter at socket, or bare."""
    lines = ""
    if socket is not None:
        lines = MILTER_CF.format(
            milters=f"{{ unix:{socket}, {MILTER_OPTIONS} }}"
        )
    server = Postfix(
        bench.folder / name,
        f"unix:{socket}",
        lines=lines + "virtual_transport = discard:\n",
    )
    stack.callback(server.stop)
    server.start()
    return server


def smtp_source(server, count, *options, to="bob@example.com"):
    """Messages per second until the last one is accepted."""
    options = options or ("-s", "4", "-l", str(ORDINARY))
    start = time.monotonic()
    subprocess.run(
        [
            "smtp-source",
            *options,
            *("-m", str(count), "-f", "sender@example.net", "-t", to),
            f"127.0.0.1:{server.port}",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - start
    server.wait_empty()
    return count / seconds


def ordinary_postfix(bench):
    """Ordinary mail through Postfix."""
    row = Row(
        "ordinary-postfix",
        "ordinary mail through Postfix",
        "Postfix with the null milter",
        "messages/s",
        0.95,
        True,
    )
    site = bench.site(database=False)
    site.milter()
    _, null_socket = bench.null_milter("accept")
    count = bench.count(1500, 50)
    with ExitStack() as stack:
        ours = start_postfix(bench, stack, "postfix-ours", site.socket)
        null = start_postfix(bench, stack, "postfix-null", null_socket)
        smtp_source(ours, count), smtp_source(null, count)
        for _ in range(RUNS + 4):
            base = smtp_source(null, count)
            row.add(smtp_source(ours, count), base)
    bench.stop(site)
    return [row]


def delays_before_queue(server):
    """Seconds that each mail to bob spent in smtpd and cleanup."""
    return [
        float(found)
        for found in re.findall(
            r"to=<bob@example\.com>.* delays=([0-9.]+)/", server.log()
        )
    ]


def discard_postfix(bench):
    """Report mails that are discarded, by way of Postfix as it comes, whose
    in_flow_delay holds up everybody if its queue manager never runs."""
    row = Row(
        "discard-postfix",
        "report mails through Postfix to the spool, discarded, 8 sessions",
        "the same Postfix delivering the same mails bare",
        "mails/s",
        0.6,
        True,
    )
    site = report_milter(bench, disposition="discard")
    mail = bench.folder / "report.eml"
    mail.write_bytes(next(corpora.report_mails(1, 3, "tlsrpt@example.com")))
    sessions = ("-s", "8", "-F", str(mail))
    count = bench.count(2000, 300)
    with ExitStack() as stack:
        ours = start_postfix(bench, stack, "postfix-ours", site.socket)
        bare = start_postfix(bench, stack, "postfix-bare")

        def rate(server):
            return smtp_source(
                server, count, *sessions, to="tlsrpt@example.com"
            )

        rate(ours), rate(bare)
        for _ in range(RUNS):
            base = rate(bare)
            row.add(rate(ours), base)
            smtp_source(ours, 1)
    row.more["slowest ordinary mail between, s"] = max(
        delays_before_queue(ours)
    )
    bench.stop(site)
    return [row]


def bytes_read(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as counters:
        return int(counters.readline().split()[1])


def ordinary_body(bench):
    """How much of a body reaches the milter: what it reads of a large message,
    minus what it reads of an empty one."""
    row = Row(
        "ordinary-body",
        "bytes of an ordinary body of 1 MB that reach the milter",
        "0",
        "bytes",
        0,
        False,
    )
    site = bench.site(database=False)
    daemon = site.milter()
    with ExitStack() as stack:
        server = start_postfix(bench, stack, "postfix-body", site.socket)

        def read_for(size):
            before = bytes_read(daemon.pid)
            server.send(corpora.ordinary_mail(size), "bob@example.com")
            return bytes_read(daemon.pid) - before

        read_for(1)
        for _ in range(RUNS):
            empty_one = read_for(1)
            # A queue id may be one character longer than the previous one.
            row.add_value(max(read_for(1 << 20) - empty_one - 16, 0))
        row.more["bytes of a message"] = empty_one
    bench.stop(site)
    return [row]


def report_mails_file(bench):
    path = bench.folder / "reports"
    if not path.exists():
        corpora.write_mails(
            path, corpora.report_mails(2000, 3, "tlsrpt@example.com")
        )
    return path


def store_rate(socket, folder, connections, count, mails):
    empty(folder)
    settle()
    result = offer(
        socket, connections, count, "tlsrpt@example.com", mails, "a"
    )
    return count / result["seconds"]


def report_milter(bench, env=None, **milter):
    site = bench.site(database=False)
    site.env = {"tlsrpt-milter": env or {}}
    site.milter(milter={"recipients": ["tlsrpt@example.com"], **milter})
    return site


def report_spool(bench):
    """Reports through the milter protocol to a spool on this disk."""
    row = Row(
        "report-spool",
        "report mails of 1 kB to fsynced spool, 16 connections",
        "null milter with the same writes and fsyncs",
        "mails/s",
        0.8,
        True,
    )
    mails = report_mails_file(bench)
    site = report_milter(bench)
    store = bench.folder / "store"
    store.mkdir()
    _, null_socket = bench.null_milter("store", store)
    count = bench.count(4000, 100)
    for _ in range(RUNS + 4):
        base = store_rate(
            null_socket, store / "new", STORE_CONNECTIONS, count, mails
        )
        row.add(
            store_rate(
                site.socket, site.spool / "new", STORE_CONNECTIONS, count, mails
            ),
            base,
        )
    bench.stop(site)
    return [row]


def report_fsync(bench):
    """Whether fsyncs overlap on a disk that is slow but takes many at once."""
    row = Row(
        "report-fsync",
        "the same with an fsync of 5 ms and 64 connections",
        "one fsync after another",
        "mails/s",
        30,
        True,
    )
    mails = report_mails_file(bench)
    site = report_milter(bench, preload(int(FSYNC_SECONDS * 1000)))
    count = bench.count(12_000, 500)
    for _ in range(RUNS):
        row.add(
            store_rate(
                site.socket, site.spool / "new", FSYNC_CONNECTIONS, count, mails
            ),
            1 / (FSYNCS_A_REPORT * FSYNC_SECONDS),
        )
    bench.stop(site)
    return [row]


def memory(bench):
    """Resident memory of the idle daemons."""
    rows = [
        Row(
            key, what, "", "MiB", target, False
        )
        for key, what, target in (
            ("memory-milter", "idle memory of tlsrpt-milter", 15),
            ("memory-loader", "idle memory of tlsrpt-loader", 15),
            ("memory-500", "memory with 500 idle connections", 30),
        )
    ]
    for _ in range(RUNS):
        site = bench.site()
        milter, loader = site.milter(), site.loader()
        loader.wait_event("database-up")
        time.sleep(0.5)
        rows[0].add_value(resident_mib(milter.pid))
        rows[1].add_value(resident_mib(loader.pid))
        with ExitStack() as stack:
            for _ in range(IDLE_CONNECTIONS):
                stack.enter_context(protocol.Client(site.socket))
            rows[2].add_value(resident_mib(milter.pid))
        bench.stop(site)
    return rows


ROWS = {
    "ordinary-cpu": ordinary_cpu,
    "ordinary-postfix": ordinary_postfix,
    "ordinary-body": ordinary_body,
    "discard-postfix": discard_postfix,
    "report-spool": report_spool,
    "report-fsync": report_fsync,
    "memory": memory,
}

