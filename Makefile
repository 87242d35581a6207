# The names that packagers and habits expect; the scripts do it.
PREFIX ?= /usr/local
export PREFIX DESTDIR

.PHONY: all start quick check install uninstall

all:
	cargo build --release --locked --workspace --bins

start:
	scripts/setup -- scripts/openshell start

quick:
	scripts/test format lint unit

check:
	scripts/setup --tests -- scripts/test

install:
	scripts/install

uninstall:
	scripts/install --uninstall
