# SPDX-License-Identifier: MIT
# tlsrpt-milter: takes SMTP TLS reports (RFC 8460) out of mail into PostgreSQL.
#
#   make            build the four programs in build/
#   make demo       the main job on real mail, from an empty machine
#   make check      install what the tests need, build, run every test
#   make check-asan the same tests under AddressSanitizer and UBSan
#   make fuzz       every fuzz target, for SECONDS each
#   make bench      measure the costs against the least they could be
#   make deb        Debian packages in build/deb; check-deb tests them, and
#                   check-systemd tests them in a Debian that has booted
#   make lint       compilers, analysers and house rules
#   make install    PREFIX, DESTDIR, SYSCONFDIR, MANDIR as usual
#   make install-systemd  units, users and spool folder for systemd
# V=1 shows the commands.

VERSION = 0.1.0
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
MANDIR ?= $(PREFIX)/share/man
UNITDIR ?= $(if $(filter /usr,$(PREFIX)),/lib,/etc)/systemd/system
SYSUSERSDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib,/etc)/sysusers.d
TMPFILESDIR ?= $(if $(filter /usr,$(PREFIX)),/usr/lib,/etc)/tmpfiles.d
DESTDIR ?=
B ?= build
CC = gcc
PYTHON ?= /usr/bin/python3
V ?=
Q = $(if $(V),,@)

WARN = -std=c11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wconversion -Werror
HARDEN = -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDHARDEN = -pie -Wl,-z,relro,-z,now
SANITIZE ?=
CFLAGS ?= $(if $(SANITIZE),-O1 -fPIE -fno-omit-frame-pointer $(SANITIZE),$(HARDEN)) -g
LDFLAGS ?= $(LDHARDEN) $(SANITIZE)
GLIB = $(shell pkg-config --cflags glib-2.0 | sed 's/-I/-isystem /g')
PACKAGES = $(shell pkg-config --cflags gmime-3.0 jansson nettle libpq \
	libsystemd | sed 's/-I/-isystem /g')
CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -Iinclude $(GLIB) $(PACKAGES)
# Tests also reach the headers that only one folder of the product needs.
TEST_CPPFLAGS = $(CPPFLAGS) -Imilter

L_glib = $(shell pkg-config --libs glib-2.0)
L_gmime = $(shell pkg-config --libs gmime-3.0)
L_intake = $(L_gmime) -ljansson -lnettle -lz -lm
L_pg = -lpq $(L_glib)

PROGRAMS = tlsrpt-milter tlsrpt-loader tlsrpt-import tlsrpt-report
LIBS_tlsrpt-milter = -lmilter $(L_intake) -lsystemd -lpthread
LIBS_tlsrpt-loader = $(L_pg) -ljansson -lnettle -lz -lsystemd -lm
LIBS_tlsrpt-import = $(L_intake)
LIBS_tlsrpt-report = $(L_pg)

SOURCES = $(wildcard milter/*/*.c)
MODULES = $(foreach source,$(SOURCES),$(if $(findstring /main_,$(source)),,$(source)))
# The C files that are generated from SQL and CSS.
EMBEDDED = $(B)/db/migrations.c $(B)/db/db_embedded.c $(B)/show/show_embedded.c
OBJECTS = $(MODULES:milter/%.c=$(B)/%.o) $(EMBEDDED:.c=.o)
UNIT = $(patsubst tests/unit/%.c,$(B)/unit/%,$(wildcard tests/unit/*.c))
FUZZ = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
MIGRATIONS = $(sort $(wildcard schema/[0-9]*.sql))

all: $(PROGRAMS:%=$(B)/%)

$(B)/tlsrpt-milter: $(B)/intake/main_milter.o
$(B)/tlsrpt-import: $(B)/intake/main_import.o
$(B)/tlsrpt-loader: $(B)/load/main_loader.o
$(B)/tlsrpt-report: $(B)/show/main_report.o
$(PROGRAMS:%=$(B)/%): $(B)/libtlsrpt.a
	@echo "  LINK $@"
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) \
		$(LIBS_$(notdir $@))

# Programs link with an archive, so each takes only the modules it uses.
$(B)/libtlsrpt.a: $(OBJECTS)
	@echo "  AR   $@"
	$(Q)rm -f $@ && ar rcs $@ $^

$(B)/%.o: milter/%.c
	@echo "  CC   $<"
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(WARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# SQL and CSS are embedded in the programs as C strings, so program and schema
# match.
$(B)/db/migrations.c: include/db/migrations.h $(MIGRATIONS)
$(B)/db/db_embedded.c: milter/db/db_embedded.h $(wildcard milter/db/sql/*.sql)
$(B)/show/show_embedded.c: milter/show/show_embedded.h milter/show/page.css \
	$(wildcard milter/show/sql/*.sql)
$(EMBEDDED): packaging/embed-text.sh
	@echo "  GEN  $@"
	$(Q)mkdir -p $(@D)
	$(Q)sh packaging/embed-text.sh $(filter-out %.sh,$^) > $@

$(B)/%.o: $(B)/%.c
	@echo "  CC   $<"
	$(Q)$(CC) $(WARN) $(CFLAGS) $(CPPFLAGS) -I. -c -o $@ $<

$(B)/unit/%: tests/unit/%.c $(B)/libtlsrpt.a | $(B)/unit
	@echo "  TEST $@"
	$(Q)$(CC) $(WARN) $(CFLAGS) $(TEST_CPPFLAGS) -Itests/unit \
		-DFIXTURES='"$(CURDIR)/tests/fixtures"' $(LDFLAGS) -MMD -MP \
		-o $@ $< $(B)/libtlsrpt.a -lmilter $(L_intake) $(L_pg) -lsystemd \
		-lpthread -lcmocka

# Each fuzz target is built twice: replay_X runs its seeds, fuzz_X uses
# libFuzzer.
LINK_FUZZ = $(CC) $(WARN) $(CFLAGS) $(TEST_CPPFLAGS) -Itests/fuzz $(LDFLAGS) -MMD -MP
$(B)/fuzz/replay_%: tests/fuzz/fuzz_%.c tests/fuzz/replay.c $(B)/libtlsrpt.a | $(B)/fuzz
	@echo "  TEST $@"
	$(Q)$(LINK_FUZZ) -o $@ $(filter %.c %.a,$^) $(L_intake)

$(B)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(B)/libtlsrpt.a | $(B)/fuzz
	@echo "  FUZZ $@"
	$(Q)$(LINK_FUZZ) -fsanitize=fuzzer -o $@ $(filter %.c %.a,$^) $(L_intake)

$(B) $(B)/unit $(B)/fuzz $(B)/bench:
	$(Q)mkdir -p $@

-include $(wildcard $(B)/*.d $(B)/*/*.d)

unit: $(UNIT)
replay: $(FUZZ:%=$(B)/fuzz/replay_%)
fuzzers: $(FUZZ:%=$(B)/fuzz/fuzz_%)

deps-build deps-demo deps-check deps-lint deps-fuzz deps-bench deps-deb: deps-%:
	$(Q)sh packaging/install-deps.sh $*

# pkg-config runs when this file is parsed, so these targets start make again
# once the packages are installed.
demo: deps-demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BUILD=$(B) KEEP=$(KEEP) $(PYTHON) tests/demo.py

check: deps-check
	$(Q)$(MAKE) --no-print-directory run-tests

check-asan: deps-check
	$(Q)$(MAKE) --no-print-directory run-tests B=build/asan \
		SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"

# An LD_PRELOAD library that makes system calls of a program fail. It is never
# sanitized, since it is loaded before everything else.
$(B)/faults.so: tests/torture/faults.c | $(B)
	@echo "  SO   $@"
	$(Q)$(CC) $(WARN) -O2 -g -D_GNU_SOURCE -fPIC -shared -o $@ $<

run-tests: all unit replay sendmail $(B)/faults.so
	$(Q)BUILD=$(CURDIR)/$(B) $(PYTHON) -m pytest -q -p no:cacheprovider \
		tests $(PYTEST_ARGS)

# The benchmarks' own programs, which link nothing of ours.
BENCH = load null_milter scan slow_fsync.so
LIBS_load = -lpthread
LIBS_null_milter = -lmilter -lpthread
LIBS_scan = $(L_gmime) -ljansson -lz
$(B)/bench/%.so: tests/bench/%.c | $(B)/bench
	@echo "  SO   $@"
	$(Q)$(CC) $(WARN) -O2 -g -D_GNU_SOURCE -fPIC -shared -o $@ $<

$(B)/bench/%: tests/bench/%.c | $(B)/bench
	@echo "  LINK $@"
	$(Q)$(CC) $(WARN) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) -o $@ $< $(LIBS_$*)

# Runs tlsrpt-import on a mailbox of MESSAGES messages and checks that its
# memory stays constant.
backfill: MESSAGES ?= 100000
backfill: all
	$(Q)BUILD=$(CURDIR)/$(B) MESSAGES=$(MESSAGES) $(PYTHON) -m pytest -q -s \
		-p no:cacheprovider tests/e2e/test_import.py -k memory

# All rows take a quarter of an hour; ROWS="load growth" selects some.
bench: deps-bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH:%=$(B)/bench/%)
	$(Q)BUILD=$(B) $(PYTHON) tests/bench/run.py $(ROWS)

# tests/bench/sql_questions.py explains REPORTS=, DOMAINS=, PLANS=1 and
# KEEP=folder.
bench-sql: deps-demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)BUILD=$(B) $(PYTHON) tests/bench/sql_questions.py

# Sendmail is unpacked once, whatever $(B) is.
sendmail: build/sendmail
build/sendmail:
	$(Q)sh tests/harness/fetch-sendmail.sh $@

# The corpus in build/fuzz/corpus grows from run to run.
fuzz: SECONDS ?= 60
fuzz: deps-fuzz
	$(Q)$(MAKE) --no-print-directory B=build/fuzz CC=clang fuzzers SANITIZE="\
		-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all"
	$(Q)$(PYTHON) tests/fuzz/run.py --build build/fuzz --seconds $(SECONDS)

# Kills everything over and over: a few thousand times with SECONDS=300.
torture: SECONDS ?= 300
torture: all $(B)/faults.so
	$(Q)BUILD=$(CURDIR)/$(B) TORTURE_SECONDS=$(SECONDS) $(PYTHON) -m pytest \
		-q -s -p no:cacheprovider tests/torture $(PYTEST_ARGS)

# The slow checks: every test under AddressSanitizer and UBSan, tests with
# threads under ThreadSanitizer, the unit tests under valgrind.
CONCURRENT = fifty or sigterm or sigquit or many or flight or finishes or \
	refuses or test_listen_socket or test_log or test_admission or test_quota or test_spool \
	or test_metrics or test_decode
check-deep: check-asan
	$(Q)sh packaging/install-deps.sh deep
	$(Q)$(MAKE) --no-print-directory B=build/tsan SANITIZE=-fsanitize=thread \
		all unit build/tsan/faults.so
	$(Q)BUILD=$(CURDIR)/build/tsan $(PYTHON) -m pytest -q -p no:cacheprovider \
		tests/test_unit.py tests/e2e/test_protocol.py \
		tests/e2e/test_reload.py -k "$(CONCURRENT)"
	$(Q)$(MAKE) --no-print-directory unit
	$(Q)sh tests/valgrind.sh $(B)

# A long time under load, then a long backlog.
soak: SECONDS ?= 1800
soak: all $(B)/faults.so
	$(Q)BUILD=$(CURDIR)/$(B) SOAK_SECONDS=$(SECONDS) BACKLOG=20000 $(PYTHON) \
		-m pytest -q -s -p no:cacheprovider tests/torture/soak.py \
		tests/e2e/test_scaling.py -k "soak or backlog" $(PYTEST_ARGS)

lint: deps-lint
	$(Q)$(MAKE) --no-print-directory B=build/gcc CC=gcc all unit replay
	$(Q)$(MAKE) --no-print-directory B=build/clang CC=clang all unit replay
	$(Q)CPPFLAGS="$(subst ",\",$(CPPFLAGS))" bash tests/lint.sh

format:
	clang-format -i milter/*/*.[ch] include/*/*.h tests/unit/*.[ch] tests/fuzz/*.[ch]

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(SYSCONFDIR)/tlsrpt-milter
	install -m 755 $(B)/tlsrpt-milter $(B)/tlsrpt-loader $(DESTDIR)$(PREFIX)/sbin
	install -m 755 $(B)/tlsrpt-import $(B)/tlsrpt-report $(DESTDIR)$(PREFIX)/bin
	test -e $(DESTDIR)$(SYSCONFDIR)/tlsrpt-milter/tlsrpt-milter.conf || \
		install -m 644 packaging/tlsrpt-milter.conf \
		$(DESTDIR)$(SYSCONFDIR)/tlsrpt-milter/tlsrpt-milter.conf
	for page in packaging/man/*.[158]; do install -m 644 $$page \
		$(DESTDIR)$(MANDIR)/man$${page##*.} || exit 1; done

# The units name the paths of Debian's packages; replaces /usr with $(PREFIX).
install-systemd:
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(SYSUSERSDIR) \
		$(DESTDIR)$(TMPFILESDIR)
	for unit in packaging/systemd/*.socket packaging/systemd/*.service \
			packaging/systemd/*.timer; do \
		sed 's,/usr/\(s\?bin\)/tlsrpt,$(PREFIX)/\1/tlsrpt,' $$unit \
		> $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit 1; done
	install -m 644 packaging/systemd/tlsrpt-milter.sysusers.conf \
		$(DESTDIR)$(SYSUSERSDIR)/tlsrpt-milter.conf
	install -m 644 packaging/systemd/tlsrpt-milter.tmpfiles.conf \
		$(DESTDIR)$(TMPFILESDIR)/tlsrpt-milter.conf

# Builds the Debian packages in build/deb, from a copy of the sources.
DEB_TREE = CHANGELOG.md LICENSE Makefile README.md include milter packaging \
	schema tests/fixtures tests/unit
deb: deps-deb
	$(Q)rm -rf build/deb
	$(Q)mkdir -p build/deb/tree
	$(Q)tar -cf - $(DEB_TREE) | tar -C build/deb/tree -xf -
	$(Q)cp -r packaging/debian build/deb/tree/debian
	$(Q)cd build/deb/tree && dpkg-buildpackage -b -us -uc
	$(Q)lintian -I --pedantic --allow-root --fail-on error,warning,info,pedantic \
		build/deb/*.changes

# Installs, upgrades, removes and purges the packages in a new Debian.
check-deb: deb
	$(Q)sh tests/package/check-deb.sh build/deb

# Tests the packages in another new Debian, in which systemd runs the units.
check-systemd: deb
	$(Q)$(PYTHON) tests/package/check_systemd.py build/deb

# The manual page's and the schema's copies of include/document/anomalies.def.
anomalies:
	for file in packaging/man/tlsrpt-milter.8 schema/001_tables.sql; do \
		sh packaging/anomalies.sh $$file > $$file.new && \
		mv $$file.new $$file || exit 1; done

clean:
	rm -rf build

.PHONY: all unit replay fuzzers demo check check-asan check-deep run-tests \
	sendmail backfill bench bench-sql fuzz torture soak lint format install \
	install-systemd deb check-deb check-systemd anomalies clean deps-build \
	deps-demo deps-check deps-lint deps-fuzz deps-bench deps-deb
.DELETE_ON_ERROR:
.SECONDARY:
