#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What scripts/vm promises: it is the command, in the guest. Statuses, clean streams, words and bytes
# unharmed, a shell on a terminal, nothing left behind, and a kernel that complains or dies is an
# error. What counts as a complaint: klog.sh, reports.sh. Prints TAP; some twenty boots, two at a time.
#
# usage: vm.sh
#
# shellcheck disable=SC2016,SC2317	# commands for the guest; checks are run by ok

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
top=$(cd "$here/../.." && pwd -P)
cd "$top" || exit 1
vm=$top/scripts/vm
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
unset MMSCOPE_SHARE MMSCOPE_NO_MODULE
# All is fetched and built before anything is timed.
for k in $("$top/scripts/kernels"); do
	"$top/scripts/build" "$k" >/dev/null 2>>"$work/err" || { sed 's/^/# /' "$work/err"; exit 1; }
done
"$vm" -t 300 -- true </dev/null 2>"$work/err" || {
	sed 's/^/# /' "$work/err"
	echo "Bail out! no guest runs here"
	exit 1
}

# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
# job NAME COMMAND...: its streams and status go to files, in the background; two run at once all along.
running=0
job()
{
	local name=$1
	shift
	if [ "$running" -ge 2 ]; then
		wait -n
		running=$((running - 1))
	fi
	running=$((running + 1))
	{
		"$@" <"${input-/dev/null}" >"$work/$name.out" 2>"$work/$name.err"
		echo $? >"$work/$name.status"
	} &
}
# boot NAME [OPTION...] -- COMMAND...: MMSCOPE_NO_MODULE, as the harness is tested, not the module.
boot() { MMSCOPE_NO_MODULE=${module-1} job "$1" timeout 300 "$vm" "${@:2}"; }

# gave NAME STATUS: that job ended so.  verdict NAME: it said so in its last line.
gave()
{
	echo "status $(<"$work/$1.status"), not $2"
	tail -n 5 "$work/$1.out" "$work/$1.err"
	[ "$(<"$work/$1.status")" = "$2" ]
}
verdict() { tail -n 1 "$work/$1.err" | grep '^vm: '; }
out_is() { printf '%b' "$2" | diff - "$work/$1.out"; }
err_is() { printf '%b' "$2" | diff - <(sed '$d' "$work/$1.err"); }	# all but the verdict
err_has() { grep -qE "$2" "$work/$1.err"; }

# --- The odd ones
interrupted()	# by a signal: no QEMU and no file of its own remain
{
	local pid status i
	MMSCOPE_NO_MODULE=1 setsid "$vm" -- sh -c 'echo up; sleep 100' </dev/null >"$work/up" 2>/dev/null &
	pid=$!
	for ((i = 0; i < 600; i++)); do
		grep -qs up "$work/up" && break
		sleep 0.1
	done
	kill -TERM $pid
	wait $pid
	status=$?
	# What was told to end may take a moment to be gone.
	for ((i = 0; i < 100; i++)); do
		pgrep -s $pid >/dev/null || break
		sleep 0.1
	done
	[ $status = 143 ] && ! pgrep -l -s $pid && ! ls -d "${XDG_CACHE_HOME:-$HOME/.cache}/mmscope/run/$pid".*
}
unread()	# its reader goes away
{
	MMSCOPE_NO_MODULE=1 timeout 200 "$vm" -- yes </dev/null | head -n 1 | grep -x y
}
terminal()	# a shell on a terminal: Ctrl-C ends the command, not the guest; jobs; the status
{
	local from to pid said send expect
	coproc tty { TERM=dumb MMSCOPE_NO_MODULE=1 timeout 400 script -qefc "$vm" /dev/null; }
	# shellcheck disable=SC2154
	from=${tty[0]} to=${tty[1]} pid=$tty_PID
	while IFS='|' read -r send expect; do
		sleep 0.5
		printf '%b' "$send" >&"$to"
		said=''
		while [[ $said != *"$expect" ]]; do
			IFS= read -r -d '' -n 1 -t 120 -u "$from" char || return 1
			said+=$char
		done
		printf '%s' "$said"
	done <<-'END'
	|# 
	tty; sleep 100\r|/dev/hvc0
	\003|# 
	sleep 50 &\r|# 
	jobs\r|Running
	exit 5\r|s in all
	END
	wait "$pid"
}

# --- The boots, most telling first
words=('' 'a b' '$HOME `id`' "it's" '"q"' '\n' '*' $'two\nlines' '-n' '--' 'ünï' $'\001\177')
head -c 3000000 /dev/urandom >"$work/bytes"
cat >"$work/facts" <<'END'
pwd; test -c /dev/null && cat /proc/sys/kernel/hostname
for m in /proc /sys /dev/pts /dev/shm /tmp /sys/fs/cgroup /sys/kernel/debug; do mountpoint -q $m || echo no $m; done
ip -4 -o addr show lo | grep -o 127.0.0.1/8
modprobe zram && test -b /dev/zram0 && modprobe ext4 && echo modules
python3 -c 'print(6*7)'; stress-ng --vm 1 --vm-bytes 8M -t 1 -q && echo stress
echo kept >"tests/host/vm.sh" && cat tests/host/vm.sh; touch left-behind
echo to-tty >/dev/stdout; echo err >/dev/stderr
(sleep 300 &); exit 0
END
cp tests/host/vm.sh "$work/vm.sh"
boot streams -- sh -c 'echo out; echo err >&2; exit 7'
boot words -- printf '%s\0' "${words[@]}"
input=$work/bytes boot bytes -- cat
input=$work/facts boot facts
boot slow -t 20 -- sh -c 'echo started; sleep 100'
boot dies -- sh -c 'echo before; echo c >/proc/sysrq-trigger'
boot warns -- sh -c 'echo "<4>WARNING: CPU: 0 PID: 1 at mm/x.c:1 f+0x0/0x1" >/dev/kmsg; exit 3'
boot missing -- no-such-program
boot instructions -i -- sh -c 'dmesg | grep -c "icount\|TSC"; true'
mkdir "$work/share"
MMSCOPE_SHARE=$work/share boot share -- sh -c 'echo said >"$MMSCOPE_SHARE/note"'
boot unlimited -t 0 -m 1G -c 2 -a 'no5lvl mmscope.test=1' -q '-drive file=/dev/null,if=virtio,format=raw,readonly=on' \
	-- sh -c 'nproc; grep -c la57 /proc/cpuinfo; grep -o mmscope.test=1 /proc/cmdline; test -b /dev/vdc'
nodes="-object memory-backend-ram,id=m0,size=2G -object memory-backend-ram,id=m1,size=2G
	-numa node,nodeid=0,cpus=0,memdev=m0 -numa node,nodeid=1,cpus=1,memdev=m1"
for k in $("$top/scripts/kernels"); do
	module='' boot "kernel-$k" -k "$k" -m 4G -c 2,sockets=2 -a no5lvl -q "$nodes" -- \
		sh -c 'uname -r >&2; ls -d /sys/devices/system/node/node[0-9] | wc -l; lsmod | grep -c ^mmscope'
done
job interrupted interrupted
job unread unread
job terminal terminal
wait

# --- What came of them
ok "the status is the command's" gave streams 7
ok "a verdict says so" verdict streams
ok "its stdout is stdout" out_is streams 'out\n'
ok "its stderr is stderr, with one verdict line" err_is streams 'err\n'
ok "words arrive as they were" cmp "$work/words.out" <(printf '%s\0' "${words[@]}")
ok "3 MB of bytes go in and come out unchanged" cmp "$work/bytes.out" "$work/bytes"
ok "without a command, a shell reads stdin" gave facts 0
ok "the guest has what a machine has, the tree, its modules; /dev/stdout opens" \
	out_is facts "$top\nmmscope\n127.0.0.1/8\nmodules\n42\nstress\nkept\nto-tty\n"
ok "what its command left running does not keep it" grep -qE ' [0-9.]{1,4} s in all' "$work/facts.err"
ok "the tree is as it was" cmp tests/host/vm.sh "$work/vm.sh"
ok "nothing was left in it" test ! -e left-behind
ok "time runs out with 124" gave slow 124
ok "what was said until then is there" out_is slow 'started\n'
ok "a kernel that dies is 125" gave dies 125
ok "what the command had said is there" out_is dies 'before\n'
ok "the report is on stderr" err_has dies '^\[.*Kernel panic - not syncing: sysrq triggered crash'
ok "a warning is 125, whatever the command says" gave warns 125
ok "a program that is not there is 127" gave missing 127
ok "-i boots" gave instructions 0
ok "a shared directory can be written to" grep -qx said "$work/share/note"
ok "-c -a -q are heeded" out_is unlimited '2\n0\nmmscope.test=1\n'
for k in $("$top/scripts/kernels"); do
	ok "$k: two nodes, 4 GB, four levels: no false alarm" gave "kernel-$k" 0
	ok "$k: the module is loaded" out_is "kernel-$k" '2\n1\n'
done

ok "a signal ends QEMU too and leaves nothing" gave interrupted 0
ok "a reader that goes away ends the run" gave unread 0
ok "a shell on a terminal: Ctrl-C, jobs, exit status" gave terminal 5

# --- Wrong uses
for bad in '-k nope -- true' '-z' 'true' '-t soon -- true'; do
	# shellcheck disable=SC2086
	ok "usage: vm $bad" eval '"$vm" $bad >/dev/null 2>&1; test $? = 2'
done

done_testing
