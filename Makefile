# make demo and make test do all their own set-up on a Debian machine with a Swift toolchain.
.PHONY: setup build test lint

setup:
	@scripts/setup

build: setup
	swift build -c release --product flotilla

test: setup
	swift test

lint:
	swift format lint --strict --recursive Sources Tests Package.swift
