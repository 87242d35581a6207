# The names that packagers and habits expect; the scripts do it.
PREFIX ?= /usr/local
export PREFIX DESTDIR

.PHONY: all check install uninstall

all:
	cargo build --release --locked --workspace --bins

check:
	scripts/test

install:
	scripts/install

uninstall:
	scripts/install --uninstall
