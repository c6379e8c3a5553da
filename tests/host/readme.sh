#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The README shows what `make run` prints. This runs it and holds the two together: line by line, the
# first word of what the README shows must come in the same order, numbers aside. Also that it names
# only targets that exist. Prints TAP.
#
# usage: readme.sh

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd "$top" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# The first words of lines on stdin, commands whole, every number an N.
shape()
{
	sed -E 's/^ +//; /^$/d; s/0x[0-9a-f]+/N/g; s/[0-9]+/N/g; /^\$/! s/[[:space:]].*//'
}

scripts/vm -- scripts/demo 2>"$work/err" | shape >"$work/printed"
# shellcheck disable=SC2016	# $ is what the README has there
sed -n '/^    \$ make run/,/^[^ ]/p' README.md | sed '1d; /^[^ ]/d; /^    \.\.\.$/d' | shape >"$work/shown"
if [ -s "$work/shown" ] && awk '
	NR == FNR { shown[++n] = $0; next }
	shown[at + 1] == $0 { at++ }
	END { if (at < n) { print "README has, make run does not print: " shown[at + 1]; exit 1 } }
	' "$work/shown" "$work/printed" >"$work/log"; then
	echo "ok 1 - readme: what make run prints ($(wc -l <"$work/shown") lines)"
else
	echo "not ok 1 - readme: what make run prints"
	sed 's/^/# /' "$work/log" "$work/err"
	failed=1
fi

missing=$(grep -oE '(^    (\$ |sudo )?|`)make [a-z]+' README.md | sed 's/.* //' | sort -u | while read -r target; do
	make -n "$target" KDIR=/ >/dev/null 2>&1 || grep -q "^$target:" Makefile || echo "$target"
done)
if [ -z "$missing" ]; then
	echo "ok 2 - readme: names targets that exist"
else
	echo "not ok 2 - readme: names targets that do not exist: $missing"
	failed=1
fi
echo 1..2
[ "$failed" = 0 ]
