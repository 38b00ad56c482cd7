# make demo and make test do all their own set-up on a Debian machine with a Swift toolchain.
.PHONY: build demo test lint

build:
	scripts/setup
	swift build -c release --product flotilla

demo:
	scripts/setup sqlite3 python3
	swift build -c release --product flotilla
	scripts/demo

test:
	scripts/setup python3 openssl
	swift test

lint:
	swift format lint --strict --recursive Sources Tests Package.swift
