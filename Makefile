# make demo and make test do all their own set-up on a Debian machine with a Swift toolchain.
.PHONY: build demo check test torture lint bench install uninstall deb check-deb

# The Swift runtime is linked statically, so the programs run where there is no toolchain.
build:
	scripts/setup
	swift build -c release --static-swift-stdlib --product flotilla
	swift build -c release --static-swift-stdlib --product flotilla-agent
	swift build -c release --static-swift-stdlib --product flotilla-collect

# Installs what make build built. PREFIX is /usr/local; DESTDIR stands before it while a package is made.
install:
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" scripts/install

# Removes what make install installed with the same PREFIX and DESTDIR.
uninstall:
	PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" scripts/install --remove

# Makes .build/flotilla_VERSION_ARCHITECTURE.deb.
deb: build
	scripts/setup dpkg-dev python3
	scripts/deb

# Installs, uses and removes the Debian package in a clean Debian 12; needs root.
check-deb: deb
	scripts/setup debootstrap
	scripts/check-deb "$$(ls -t .build/flotilla_*.deb | sed -n 1p)"

demo: build
	scripts/setup sqlite3 openssl curl
	scripts/demo

# Takes a minute after the build: the tests that need no root and nothing installed, without the slow suites.
slow := FaultTests|RemoteTests|ProgramsTests|EndToEndTests\.(?!Documentation|Lint|New|Schedule)|ScheduleInstallTests
slow := $(slow)|(FastInspection|InspectionTrace|ContentChange|DatabasePages|DriftMutation|Golden|Hostile|Limit)Tests
check:
	FLOTILLA_CHECK=1 swift test --skip '$(slow)'

# All tests. Installs what they need, as root or with sudo.
test:
	scripts/setup gcc libc6-dev python3 openssl curl zstd cron systemd chromium openssh-client openssh-server sudo iproute2 ansible-core sql-migrate ruby-activerecord ruby-sqlite3
	scripts/setup-python
	swift test

# Kills run after run over a fleet of 200 installations, and looks at every database each time. Then breaks every call
# that changes a file, kills the program at each, and cuts the power after each.
torture:
	scripts/setup gcc libc6-dev python3 openssl zstd
	FLOTILLA_TORTURE=1 swift test --filter KillTests
	FLOTILLA_TORTURE=1 swift test --filter FaultTests

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

# FLEET=1000 BIG=10000 ROUNDS=3 are the sizes; the largest fleet takes 6 GB of disk for as long as it runs.
bench: build
	scripts/setup gcc libc6-dev sqlite3 time python3 openssh-client openssh-server chromium
	bench/run
