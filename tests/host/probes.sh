#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What compat.probes answers for each kernel, against tests/expected/probes-KERNEL: a changed answer
# is a kernel that changed, and wants a look. Then a probe whose control rows must stop it.
# Prints TAP.
#
# usage: probes.sh KERNEL...

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd "$top" || exit 1
# In the cache, for the workshop sees that and the tree.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mmscope
mkdir -p "$cache/run"
work=$(mktemp -d "$cache/run/XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"

answers() # KERNEL
{
	local out
	out=$(scripts/build "$1") && grep HAVE_ "$out/module/probed.h" | diff "tests/expected/probes-$1" -
}

# probe ROW...: answers a table of our own, in a copy of the tree.
probe()
{
	local kdir
	kdir=$(<"$(scripts/kernel 6.12)/kdir")
	rm -rf "$work/tree"
	mkdir -p "$work/tree/module" "$work/tree/scripts"
	cp scripts/probe "$work/tree/scripts/"
	cp module/prelude.h "$work/tree/module/"
	printf '%s\n' "$@" >"$work/tree/module/compat.probes"
	scripts/workshop -- "$work/tree/scripts/probe" "$kdir" "$work/tree/module/probed.h" CC=gcc
}

refuses() { ! probe "$@" && [ ! -e "$work/tree/module/probed.h" ]; }

good='CONTROL_PASS | | (void)0' bad='CONTROL_FAIL | | mmscope_no_such_function()'
accepts()
{
	probe "$good" "$bad" 'YES | | (void)1' 'NO | | (void)mmscope_no_such_name' 'SYMBOL | @kfree' \
		'STATIC | @mmscope_no_such_symbol' &&
		grep -v '^/\* /' "$work/tree/module/probed.h" | diff - <(printf '%s\n' \
			'#define HAVE_YES 1' '/* HAVE_NO: no */' '#define HAVE_SYMBOL 1' \
			'/* HAVE_STATIC: no */')
}

for kernel; do
	ok "probes: the answers of $kernel are those recorded" answers "$kernel"
done
ok "probes: answer statements and symbols" accepts
ok "probes: stop when what must compile does not" refuses "${good/(void)0/mmscope_no_such()}" "$bad"
ok "probes: stop when what must not compile does" refuses "$good" "${bad/mmscope*/(void)0}"
done_testing
