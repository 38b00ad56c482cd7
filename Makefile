# make demo and make test do all their own set-up on a Debian machine with a Swift toolchain.
.PHONY: build demo test torture lint bench

build:
	scripts/setup
	swift build -c release --product flotilla

demo:
	scripts/setup sqlite3 python3
	swift build -c release --product flotilla
	scripts/demo

test:
	scripts/setup python3 openssl cron systemd openssh-server openssh-client sudo iproute2 ansible-core
	scripts/setup-python
	swift test

# Kills run after run over a fleet of 200 installations, and looks at every database each time.
torture:
	scripts/setup python3 openssl openssh-server openssh-client sudo iproute2
	FLOTILLA_TORTURE=1 swift test --filter KillTests

lint:
	swift format lint --strict --recursive Sources Tests Package.swift

# FLEET=1000 BIG=10000 ROUNDS=3 are the sizes; the largest fleet takes 6 GB of disk for as long as it runs.
bench:
	scripts/setup gcc libc6-dev sqlite3 time
	swift build -c release --product flotilla
	bench/run
