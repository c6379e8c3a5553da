#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The tool without a module: what it makes of copies of the module's files (fake/make.py), of wrong
# command lines and of outputs that fail.  Prints TAP.
#
# usage: tool.sh [PATH-OF-MMSCOPE]	without one it builds the tree's
#
# shellcheck disable=SC2016,SC2317	# checks are run by ok, some of them by its eval

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

tool=${1:-$work/build/mmscope}
if [[ $# -eq 0 ]] && ! make -s -C "$top/tools" O="$work/build" >"$work/log" 2>&1; then
	sed 's/^/# /' "$work/log"
	echo "1..0 # SKIP the tool cannot be built"
	exit 0
fi
python3 "$here/fake/make.py" "$work" || exit 1
export MMSCOPE_PROC=$work/proc MMSCOPE_DEBUGFS=$work/debugfs LC_ALL=C
unset NO_COLOR

# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"

# gives STATUS TEXT ARG...: mmscope exits so, TEXT (a regular expression) is in what it says, and
# nothing that fails says anything on stdout.
gives()
{
	local status=$1 text=$2 got=0
	shift 2
	"$tool" "$@" >"$work/out" 2>"$work/err" || got=$?
	cat "$work/out" "$work/err"
	echo "status $got, expected $status"
	[[ $got -eq $status ]] || return 1
	[[ $status -eq 0 || ! -s $work/out ]] || return 1
	cat "$work/out" "$work/err" | grep -Eq -- "$text"
}

# json CODE ARG...: the JSON that mmscope prints is valid, and CODE holds of it as `d`.
json()
{
	local code=$1
	shift
	"$tool" "$@" >"$work/out" || return 1
	head -c 2000 "$work/out"
	python3 -c "
import json, sys
d = json.loads(open(sys.argv[1], 'rb').read().decode('utf-8'))
rows = next(iter(d.values()))
paths = json.load(open(sys.argv[2]))
assert $code, rows[:20]" "$work/out" "$work/paths.json"
}

# same TEXT ARG...: mmscope prints exactly this.
same()
{
	diff <(printf '%s\n' "$1") <("$tool" "${@:2}")
}

# --- text views
ok "vma: JSON of hostile paths, C locale" json '[r["path"] for r in rows] == paths' vma -J
LC_ALL=C.UTF-8 ok "vma: JSON of hostile paths, UTF-8 locale" \
	json '[r["path"] for r in rows] == paths' vma -J
ok "vma: JSON types" json 'rows[1]["start"] == "0x401000" and rows[1]["inode"] == 1' vma -J
ok "vma: JSON stamp" json \
	'd["stamp"] == {"consistent": "yes", "holds": 1, "hold_max_us": 12}' vma -J
ok "vma: JSON has its columns in order" json \
	'list(rows[0]) == ["path", "start"]' vma -J -o path,start
raw_is_module_form()
{
	diff <(tr -s ' ' <"$MMSCOPE_DEBUGFS/self/vma") <("$tool" vma -r)
}
ok "vma: raw is the module's text" raw_is_module_form
no_control_bytes()
{
	! "$tool" vma | LC_ALL=C grep -q $'[\001-\011\013-\037\177-\377]'
}
ok "vma: a table in the C locale is plain ASCII" no_control_bytes
LC_ALL=C.UTF-8 ok "vma: a table in a UTF-8 locale" gives 0 $'caf\xc3\xa9$' vma
ok "vma: a table shows spaces and keeps other escapes" gives 0 \
	'/tmp/new\\012line\\011tab\\033\[31m\\177' vma
ok "vma: of another process, by any of its threads" gives 0 '/of/another' vma 77
ok "vma: -n leaves rows only" same '0x400000 /of/another' vma -n -o start,path 0077
ok "options and operands in any order" same '0x400000 /of/another' -n vma -o start,path -- 77
ok "version: JSON types follow the field" json \
	'{"field": "abi", "value": 1} in rows and {"field": "direct_map", "value": None} in rows' \
	version -J
ok "walk: absent is null" json 'rows[1]["flags"] is None and rows[2]["entry"] is None' \
	walk 77 7fff0000 --json
ok "attach: lists, and decodes a name" json 'rows == [{"pid": 77, "dir": 4321, "comm": "a b"}]' \
	attach -J
ok "view, name, format" eval 'gives 0 future view && gives 0 anon name && gives 0 __u64 format'

# --- page tables
runs="va size entries level kind pfn pte mapcount
0x10000 12288 3 pte page 0x100 present|write 1
0x13000 4096 1 pte page 0x200 present|write 1
0x14000 4096 1 pte page 0x201 present|write 2
0x15000 16384 4 pte zero 0x5 present|write 1
0x1a000 8192 2 pte swap - present|write -
0x1c000 12288 3 pte marker - guard -
0x20000 4096 1 pte kind70 - - -
0x21000 4096 1 level9 page 0x300 present|bit40|bit63 1
0x200000 2097152 1 pmd page 0x800 present|write 1
# consistent=yes holds=1 hold_max_us=5"
ok "pte: runs" same "$runs" pte -r -o va,size,entries,level,kind,pfn,pte,mapcount
ok "pte: --all gives each entry" json 'len(rows) == 17 and {r["size"] for r in rows} == {4096, 2097152}' \
	pte --all -J
ok "pte: JSON" json 'rows[4]["pfn"] is None and rows[4]["node"] is None and rows[0]["entries"] == 3 \
	and rows[0]["pfn"] == "0x100"' pte -J
ok "pte: every column" json 'rows[4]["swap_offset"] == "0x40" and rows[7]["kpf"] == "anon|bit50" \
	and rows[0]["entry"] == "0x100067" and rows[6]["kind"] == "kind70"' \
	pte -J -o swap_offset,kpf,entry,kind
ok "pte: a range, a huge leaf whole" json '[r["va"] for r in rows] == ["0x21000", "0x200000"]' \
	pte -J --range 21fff-300000
ok "pte: a range by its size" json '[r["size"] for r in rows] == [8192]' pte -J -R 0x11000+2000
ok "pte: an empty range" json 'rows == []' pte -J -R 30000-31000
ok "pte: runs go on from read to read, which is not one moment" json \
	'rows[0]["entries"] == 2 and \
	d["stamp"] == {"consistent": "unknown", "holds": 2, "hold_max_us": 9}' pte 77 -J

# --- errors
ok "no command" gives 2 'no command'
ok "unknown noun; no prefixes of one" eval 'gives 2 nope nope && gives 2 "no command .vm" vm'
ok "unknown option" gives 2 'bogus' vma --bogus
ok "an option of another noun" gives 2 'does not go with' vma --all
ok "unknown column: the list of those there are" gives 2 'start end perms offset' vma -o bogus
ok "a column twice, an empty list" eval 'gives 2 twice vma -o end,end && gives 2 column vma -o ""'
for pid in '' -1 1x 0x1 '1 2' self2; do
	ok "malformed PID '$pid'" gives 2 'not a PID' vma -- "$pid"
done
for pid in 0 000 99999999999999999999; do
	ok "no process has the number $pid" gives 1 'no such process' vma "$pid"
done
for address in '' 0x g 10g -5; do
	ok "malformed address '$address'" gives 2 'not an address' walk -- 77 "$address"
done
ok "an address beyond 64 bits" gives 1 'outside' walk 77 11111111111111111
for range in '' 10 10- -10 10-10 20-10 10+0 10-20- ffffffffffffffff+2 1K-2K; do
	ok "malformed range '$range'" gives 2 'not a range' pte "--range=$range"
done
ok "operands missing and too many" eval 'gives 2 missing walk 77 && gives 2 many vma 77 78'
ok "JSON and raw exclude each other" gives 2 exclude vma -J -r
MMSCOPE_PROC=$work/none ok "module not loaded" gives 1 'insmod' vma
MMSCOPE_PROC=$work/other ok "another ABI" gives 1 'ABI differs: module 2, tool 1' vma
MMSCOPE_PROC=$work/other ok "another ABI: the version still" gives 0 'abi +2' version
ok "a view that is not there" eval 'rm "$MMSCOPE_DEBUGFS/view"; gives 1 "No such file" view'
for damage in cut stampless empty short column nul; do
	MMSCOPE_DEBUGFS=$work/$damage ok "damaged text ($damage)" \
		eval '! "$tool" vma >"$work/out" 2>"$work/err" && cat "$work/err" && [[ $(wc -l <"$work/err") -ge 1 ]]'
done
MMSCOPE_DEBUGFS=$work/cut ok "JSON of what broke off is no JSON" eval \
	'"$tool" vma -J >"$work/out"; [[ $? -eq 1 && -s $work/out ]] && ! python3 -m json.tool "$work/out"'
MMSCOPE_DEBUGFS=$work/cut ok "raw text of what broke off has no closing line" eval \
	'"$tool" vma -r >"$work/out"; [[ $? -eq 1 && -s $work/out ]] && ! grep ^# "$work/out"'

# --- help
every_noun_helps()
{
	local noun
	for noun in $("$tool" --complete | grep -v '^-'); do
		gives 0 "^usage: mmscope $noun" "$noun" --help || return 1
		grep -q -- "$noun" "$top/tools/man/mmscope.8" || return 1
	done
	for noun in $("$tool" --complete pte options | grep '^--'); do
		sed 's/\\//g' "$top/tools/man/mmscope.8" | grep -q -e "$noun" || return 1
	done
}
ok "every noun has help and, as every option, a place in the man page" every_noun_helps
ok "help lists the columns" gives 0 'mapcount +page-table entries' pte -h
ok "completion" eval 'bash -c ". \"$top/tools/completion/mmscope.bash\"
	COMP_WORDS=(\"$tool\" pte -o va,ma) COMP_CWORD=3; _mmscope
	[[ \${COMPREPLY[*]} == va,mapcount ]]"'

# --- output that fails
ok "a full disk" eval '! "$tool" vma >/dev/full 2>"$work/err" && grep "No space left" "$work/err"'
ok "a full disk, JSON" eval '! "$tool" pte -aJ >/dev/full 2>"$work/err" && grep "No space" "$work/err"'
ok "a full disk, help" eval '! "$tool" --help >/dev/full 2>"$work/err"'

# --- a million rows
python3 - "$here/fake" "$work/big/self" <<-'END'
	import os, sys
	sys.path.insert(0, sys.argv[1])
	import make
	os.makedirs(sys.argv[2])
	with open(sys.argv[2] + "/pte_raw", "wb") as file:
	    for i in range(1000000):
	        file.write(make.entry(0x10000 + i * 4096, 1, 0x100000 + 2 * i, kpf=1 << 12))
	    file.write(make.stamp(0x7ffffffff000))
END
cp "$MMSCOPE_DEBUGFS"/{name,format} "$work/big/"
export MMSCOPE_DEBUGFS=$work/big
# streams BYTES ARG...: peak memory stays below BYTES, whatever the number of rows.
streams()
{
	python3 - "$work/out" "$@" <<-'END'
		import resource, subprocess, sys
		with open(sys.argv[1], "wb") as out:
		    subprocess.run(sys.argv[3:], stdout=out, check=True)
		peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
		print("peak", peak)
		sys.exit(peak > int(sys.argv[2]))
	END
}
ok "a million rows, JSON, in 32 MiB" streams $((32 << 20)) "$tool" pte -J
ok "... and valid" python3 -c '
import json, sys
assert len(json.load(open(sys.argv[1]))["pte"]) == 1000000' "$work/out"
ok "a million rows, raw, in 32 MiB" streams $((32 << 20)) "$tool" pte -r
ok "... and all" eval '[[ $(wc -l <"$work/out") -eq 1000002 ]]'
ok "a million rows, a table, in 64 MiB" streams $((64 << 20)) "$tool" pte
ok "... and all, below one line of headings" eval \
	'[[ $(wc -l <"$work/out") -eq 1000002 && $(grep -c mapcount "$work/out") -eq 1 ]]'
ok "a reader that goes away: exit 1, quietly" eval \
	'"$tool" pte 2>"$work/err" | head -n 1 >/dev/null; [[ ${PIPESTATUS[0]} -eq 1 && ! -s $work/err ]]'

done_testing
