#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What scripts/klog makes of logs as written here: of each message that is a report, those that only
# look like one, and whose a data race is. Whether kernels write so: reports.sh. Prints TAP; no boots.
#
# usage: klog.sh
#
# shellcheck disable=SC2317	# checks are run by their names

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
subject=klog

wrong() # FILE PATTERN: a report, and it says so.
{
	local code=0

	scripts/klog "$1" >"$work/report" || code=$?
	cat "$work/report"
	[ $code = 1 ] && grep -qE "$2" "$work/report"
}
fine() { scripts/klog "$1" >"$work/report" && [ ! -s "$work/report" ]; }

# --- Logs
race() # FUNCTION...: a report by KCSAN
{
	echo '[    5.000000] =================================================================='
	echo '[    5.000001] BUG: KCSAN: data-race in mas_walk / mas_wr_store_entry'
	echo '[    5.000002] '
	echo '[    5.000003] read to 0xffff888003a2 of 8 bytes by task 12 on cpu 0:'
	printf '[    5.000004]  %s\n' "$@"
	echo '[    5.000005] CPU: 0 UID: 0 PID: 12 Comm: cat Tainted: G           O       6.12.1 #1'
	echo '[    5.000006] Tainted: [O]=OOT_MODULE'
	echo '[    5.000007] =================================================================='
}
theirs() { race 'mas_walk+0x12/0x30' 'find_vma+0x1/0x2'; }
ours() { race 'mas_walk+0x12/0x30' 'vma_capture+0x1a/0x200 [mmscope]' 'ksys_read+0x1/0x2'; }
said() { printf '[    6.000000] %s\n' "$@"; }
after() { for ((i = 0; i < 20000; i++)); do echo "[    7.000000] line $i"; done; }

races()
{
	theirs >"$work/k" && fine "$work/k" &&
		{ theirs | head -n 5; } >"$work/k" && fine "$work/k" &&
		{ theirs; said 'mmscope: a line+0x1/0x2 [mmscope]'; } >"$work/k" && fine "$work/k"
}
our_races()
{
	ours >"$work/k" && wrong "$work/k" 'vma_capture' &&
		{ theirs; theirs; ours; } >"$work/k" && wrong "$work/k" 'vma_capture' &&
		sed 's/\] /][   T12] /;s/$/\r/' "$work/k" >"$work/l" && wrong "$work/l" 'vma_capture'
}
behind_races()
{
	{ theirs; said 'WARNING: CPU: 0 PID: 1 at x'; } >"$work/k" && wrong "$work/k" 'WARNING: CPU' &&
		! grep KCSAN "$work/report" &&
		{ theirs | head -n 4; said 'WARNING: CPU: 0 PID: 1 at x'; theirs; } >"$work/k" &&
		wrong "$work/k" 'WARNING: CPU'
}
stamped() { echo '[    6.000000][   T12] WARNING: CPU: 0' >"$work/k" && wrong "$work/k" CPU; }
long() { { ours; after; } >"$work/k" && wrong "$work/k" vma_capture && [ "$(wc -l <"$work/report")" = 80 ]; }

ok "a race within the kernel is none of ours" races
ok "a race of a module counts, after others, with any stamp" our_races
ok "what else is reported counts, behind a race and within" behind_races
ok "who said it may stand before" stamped
ok "a long log has a short report" long

# --- Messages
while IFS= read -r line; do
	said "$line" >"$work/k"
	ok "wrong: ${line:0:60}" wrong "$work/k" .
done <<'END'
WARNING: CPU: 0 PID: 151 at mm/gup.c:8 set+0x52/0x60 [mmscope]
WARNING: possible circular locking dependency detected
WARNING: suspicious RCU usage
BUG: KASAN: slab-use-after-free in f+0x1/0x2
BUG: sleeping function called from invalid context at mm/x.c:1
BUG: scheduling while atomic: sh/155/0x00000002
BUG kmalloc-64 (Tainted: G  O): Redzone overwritten
watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [cat:99]
watchdog: Watchdog detected hard LOCKUP on cpu 0
kernel BUG at mm/mmap.c:10!
Oops: general protection fault, probably for non-canonical address 0xdead: 0000 [#1] PREEMPT SMP
general protection fault, probably for non-canonical address 0xdead: 0000 [#1] PREEMPT SMP
divide error: 0000 [#1] PREEMPT SMP NOPTI
UBSAN: array-index-out-of-bounds in mm/x.c:1:2
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
INFO: task cat:99 blocked for more than 120 seconds.
INFO: trying to register non-static key.
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
refcount_t: underflow; use-after-free.
list_del corruption. prev->next should be ffff, but was 0
INFO: task x:1 blocked in I/O wait for more than 120 seconds.
watchdog: CPU1: Watchdog detected hard LOCKUP on cpu 0
softirq: huh, entered softirq 9 RCU (____ptrval____) with preempt_count 00000100, exited with 00000101?
[ BUG: Invalid wait context ]
WARNING: mm/gup.c:8 at set+0x52/0x60 [mmscope], CPU#0: cat/151
debugfs: Directory '12' with parent 'mmscope' already present!
debugfs: '12' already exists in 'mmscope'
kobject (00000000): tried to init an initialized object, something is seriously wrong.
rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { P119 } 127 jiffies s: 81 root: 0x0/T
END
while IFS= read -r line; do
	said "$line" >"$work/k"
	ok "fine: ${line:0:60}" fine "$work/k"
done <<'END'
RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks!
mmscope: loading out-of-tree module taints kernel.
mmscope: module verification failed: signature and/or required key missing - tainting kernel
PCI: Using host bridge windows from ACPI; if necessary, use "pci=nocrs" and report a bug
traps: a.out[99] general protection fault ip:55 sp:7f error:0 in a.out[55+1000]
a.out[99]: segfault at 0 ip 0000000000000000 sp 00007ffe error 14
Out of memory: Killed process 99 (stress-ng-vm) total-vm:100kB, anon-rss:1kB
NMI watchdog: Perf NMI watchdog permanently disabled
rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.
kmemleak: Kernel memory leak detector initialized (mem pool available: 15000)
tsc: Unable to calibrate against PIT
clocksource: timekeeping watchdog on CPU0: Marking clocksource 'tsc' as unstable
INFO: lockdep is turned off.
Disabling lock debugging due to kernel taint
FAULT_INJECTION: forcing a failure.
cat: vmalloc error: size 16384, failed to allocated page array size 32, mode:0xcc0(GFP_KERNEL), nodemask=(null)
SLUB: Unable to allocate memory on CPU 0 (of node 0) on node -1, gfp=0xcc0(GFP_KERNEL)
page: refcount:1 mapcount:0 mapping:0000000000000000 index:0x1 pfn:0xc255
migrating pfn c255 failed ret:1
page dumped because: migration failure
END

done_testing
