# The names that packagers and habits expect; the scripts do it.
PREFIX ?= /usr/local
export PREFIX DESTDIR

.PHONY: all start check install uninstall

all:
	cargo build --release --locked --workspace --bins

start:
	scripts/setup -- scripts/openshell start

check:
	scripts/setup --tests -- scripts/test

install:
	scripts/install

uninstall:
	scripts/install --uninstall
