# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154	# $work is the sourcing script's
# TAP for the programs of tests/host. Sourced; the caller has a directory $work of its own, may say
# in $subject what all its tests are about, and ends with done_testing.
count=0 failed=0

# ok NAME COMMAND...: the command succeeds; else what it said is shown.
ok()
{
	local name=$1 not=''
	shift
	count=$((count + 1))
	"$@" >"$work/log" 2>&1 || not='not ' failed=$((failed + 1))
	echo "${not}ok $count - ${subject:+$subject: }$name"
	[ -z "$not" ] || tail -n 60 "$work/log" | sed 's/^/# /'
}

done_testing()
{
	echo "1..$count"
	[ "$failed" = 0 ]
}
