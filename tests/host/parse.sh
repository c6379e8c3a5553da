#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tool's parsers. First each input of tests/parse/corpus: through the fuzz targets, which hold
# every run against rules of their own (tests/parse/fuzz_*.c), and what is a view through the tool
# itself, its JSON read by jq; `good-*` and `guest-*` have to be taken whole, `bad-*` refused. Then each
# target goes looking for more under AddressSanitizer and UBSan. Prints TAP; an input that broke
# something is printed and kept.
#
# usage: parse.sh [SECONDS]	of looking for each target (10)

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
seconds=${1:-10}
[[ $seconds =~ ^[0-9]+$ ]] || { echo "usage: parse.sh [SECONDS]" >&2; exit 2; }
corpus=$top/tests/parse/corpus
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# What broke something outlives this run.
found=$top/tests/parse/found
targets=(text pte args range cell)
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
subject=parse

if ! command -v clang >/dev/null; then
	echo "1..0 # SKIP no clang"
	exit 0
fi

build()
{
	make -s -j2 -C "$top/tests/parse" O="$work/fuzz" && make -s -j2 -C "$top/tools" O="$work/tool" &&
		python3 "$here/fake/make.py" "$work"
}

# --- The targets. What ends one is told with its input.
fuzz() # TARGET OPTION... CORPUS...
{
	local target=$1 file
	shift
	mkdir -p "$found"
	"$work/fuzz/fuzz_$target" -timeout=25 -rss_limit_mb=2048 -max_len=4096 -seed=1 \
		-artifact_prefix="$found/$target-" -dict="$top/tests/parse/dict" "$@" >"$work/fuzz.log" 2>&1 && return
	grep -E 'broken:|ERROR:|SUMMARY:|runtime error|^ +#[0-9]+ .* in [a-z_]+ .*\.c' "$work/fuzz.log" || tail -n 30 "$work/fuzz.log"
	for file in "$found/$target-"*; do
		echo "reproduce: make -C tests/parse O=DIR && DIR/fuzz_$target ${file#"$top/"}"
		od -A x -t x1z "$file" | head -n 100
	done
	return 1
}

look()
{
	mkdir -p "$work/new-$1"
	fuzz "$1" -max_total_time="$seconds" -print_final_stats=1 "$work/new-$1" "$corpus/$1"
}

figures() # TARGET
{
	echo "# parse: $1: $(awk '/number_of_executed_units/ { runs = $2 } / cov: / { covered = $0 }
		END { sub(/.* cov:/, "cov:", covered); sub(/ exec.s:.*/, "", covered); print runs " runs, " covered }
		' "$work/fuzz.log")"
}

# --- The tool itself, jq its witness
export MMSCOPE_PROC=$work/proc MMSCOPE_DEBUGFS=$work/debugfs

place() # VIEW: its file
{
	local file
	for file in "$work/proc/$1" "$work/debugfs/$1" "$work/debugfs/self/$1"; do
		[[ -e $file ]] && echo "$file" && return
	done
}

# taken STATUS WORD...: mmscope ends so, and what it prints is whole or cannot be taken for it.
taken()
{
	local want=$1 status=0 json=0 raw=0 rows
	shift
	"$work/tool/mmscope" "$@" -J >"$work/json" 2>"$work/err" || status=$?
	"$work/tool/mmscope" "$@" -r >"$work/raw" 2>>"$work/err" || raw=$?
	jq -e . <"$work/json" >/dev/null 2>&1 || json=1
	[[ $status == "$want" && $raw == "$want" && $json == "$want" ]] || return 1
	if [[ $want == 0 ]]; then
		rows=$(($(wc -l <"$work/raw") - 2))
		[[ ! -s $work/err ]] && jq -e --argjson rows $rows \
			'(to_entries[0].value | length) == $rows and .stamp.holds >= 0' "$work/json"
	else
		grep -q '^mmscope: ' "$work/err" && ! tail -n 1 "$work/raw" | grep -q '^# '
	fi
}

# by_tool TARGET: its inputs whose names say what is to become of them
by_tool()
{
	local input file words bad=0 seen=0 status
	for input in "$corpus/$1"/{good,guest,bad}-*; do
		words=(pte pte_raw)
		[[ $1 == pte ]] || read -r -a words <"$input"
		file=$(place "${words[-1]}")
		cp "$file" "$work/kept"
		if [[ $1 == pte ]]; then cp "$input" "$file"; else tail -n +2 "$input" >"$file"; fi
		status=0
		[[ $input != */bad-* ]] || status=1
		if ! taken $status "${words[@]:0:${#words[@]}-1}" >/dev/null; then
			echo "${input##*/}: not as its name says"
			cat "$work/err"
			bad=1
		fi
		cp "$work/kept" "$file"
		seen=$((seen + 1))
	done
	echo "$seen inputs"
	[[ $bad == 0 && $seen -gt 20 ]]
}

ok "the targets are built" build
[[ $failed == 0 ]] || { done_testing; exit; }
for target in "${targets[@]}"; do
	inputs=("$corpus/$target"/*)
	ok "$target: each of ${#inputs[@]} inputs kept" fuzz "$target" "${inputs[@]}"
done
ok "text: the tool takes whole views and refuses others" by_tool text
ok "pte: the tool takes whole streams and refuses others" by_tool pte
for target in "${targets[@]}"; do
	[[ $seconds -gt 0 ]] || break
	ok "$target: $seconds s of looking for more" look "$target"
	figures "$target"
done
rmdir "$found" 2>/dev/null
done_testing
