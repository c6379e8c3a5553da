#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every kind of report a kernel can make of itself, made on purpose by tests/badmod in a guest, and
# whether scripts/klog sees each, and scripts/vm fails for it; then that neither is misled by what a
# kernel says when all is well. What a kernel was not configured to notice is skipped. Prints TAP;
# five boots a kernel, some minutes.
#
# usage: reports.sh [KERNEL...]		(debug-6.12)
#
# shellcheck disable=SC2317	# checks are run by their names

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd "$top" || exit 1
[ $# -gt 0 ] || set -- debug-6.12
# In the cache, for the workshop sees that and the tree.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/mmscope
mkdir -p "$cache/run"
work=$(mktemp -d "$cache/run/XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
# shellcheck source=tests/lib/tap.sh
. "$top/tests/lib/tap.sh"
subject=reports

# What is done: in this order, for the first report of KASAN, or the first oops, ends lockdep's, and
# an oops the watch for hung tasks. Needed of the kernel's configuration. What the report says.
kinds='
rcu_vma          PROVE_RCU               WARNING: suspicious RCU usage
rcu_list         PROVE_RCU_LIST          RCU-list traversed in non-reader section
not_held         PROVE_LOCKING           WARNING: .* not_held\+
abba             PROVE_LOCKING           WARNING: possible circular locking dependency detected
recursive        PROVE_LOCKING           WARNING: possible recursive locking detected
irq_state        PROVE_LOCKING           WARNING: inconsistent lock state
unbalanced       PROVE_LOCKING           WARNING: bad unlock balance detected
freed_held       PROVE_LOCKING           WARNING: held lock freed
no_key           PROVE_LOCKING           INFO: trying to register non-static key
wait_context     PROVE_RAW_LOCK_NESTING  BUG: Invalid wait context
magic            PROVE_LOCKING           BUG: spinlock bad magic
left_held        PROVE_LOCKING           WARNING: lock held when returning to user space
race             KCSAN                   BUG: KCSAN: data-race in .*racer
warn             BUG                     WARNING: .* warn\+
atomic_sleep     DEBUG_ATOMIC_SLEEP      BUG: sleeping function called from invalid context
atomic_schedule  PREEMPT_COUNT           BUG: scheduling while atomic
rcu_schedule     PREEMPT_RCU             Voluntary context switch within RCU read-side critical section
processor        DEBUG_PREEMPT           BUG: using smp_processor_id\(\) in preemptible
this_cpu         DEBUG_PREEMPT           BUG: using __this_cpu_add\(\) in preemptible
work_leak        PREEMPT_COUNT           BUG: workqueue leaked atomic, lock or RCU
hung             DETECT_HUNG_TASK        INFO: task provoke:[0-9]+ blocked for more than
soft_lockup      SOFTLOCKUP_DETECTOR     watchdog: BUG: soft lockup
rcu_stall        RCU_STALL_COMMON        rcu: INFO: rcu_[a-z]+ (self-)?detected stall
expedited        RCU_STALL_COMMON        rcu: INFO: rcu_[a-z]+ detected expedited stalls
workqueue        WQ_WATCHDOG             BUG: workqueue lockup
kasan_heap       KASAN                   BUG: KASAN: slab-out-of-bounds in kasan_heap
kasan_freed      KASAN                   BUG: KASAN: slab-use-after-free in kasan_freed
kasan_vmalloc    KASAN_VMALLOC           BUG: KASAN: vmalloc-out-of-bounds in kasan_vmalloc
kasan_stack      KASAN_STACK             BUG: KASAN: stack-out-of-bounds in kasan_stack
kasan_global     KASAN                   BUG: KASAN: global-out-of-bounds in kasan_global
ubsan_shift      UBSAN_SHIFT             UBSAN: shift-out-of-bounds
ubsan_bounds     UBSAN_BOUNDS            UBSAN: array-index-out-of-bounds
ubsan_bool       UBSAN_BOOL              UBSAN: invalid-load
list             DEBUG_LIST              list_del corruption
refcount         BUG                     refcount_t: underflow; use-after-free
object           DEBUG_OBJECTS_TIMERS    ODEBUG: free active
field            FORTIFY_SOURCE          memcpy: detected field-spanning write
redzone          SLUB_DEBUG              BUG kmalloc-1k \(
leak             DEBUG_KMEMLEAK          kmemleak: [0-9]+ new suspected memory leaks
page_state       MMU                     BUG: Bad page state in process
vm_warn          DEBUG_VM                WARNING: .* vm_warn\+
vm_warn_page     DEBUG_VM                WARNING: .* vm_warn_page\+
bad_pmd          MMU                     bad pmd
rss              MMU                     BUG: Bad rss-counter state
fault_warns      FAILSLAB                WARNING: .* fault_warns\+
null_store       MMU                     BUG: kernel NULL pointer dereference
wild_store       MMU                     BUG: unable to handle page fault for address
divide           MMU                     divide error: .*\[#[0-9]+\]
bug              BUG                     kernel BUG at .*fatal\.c
usercopy         HARDENED_USERCOPY       usercopy: Kernel memory exposure attempt
fortify          FORTIFY_SOURCE          memset: detected buffer overflow
page_flag        DEBUG_VM_PGFLAGS        kernel BUG at .*page-flags\.h
'
# What ends the kernel, in a guest each. What stderr says.
deaths='
null_pointer     MMU                        Oops: .*\[#1\]
page_table       PAGE_TABLE_CHECK_ENFORCED  kernel BUG at mm/page_table_check\.c
triple_fault     MMU                        the guest died
'
# What is nothing wrong. What the log says all the same.
harmless='
nothing          MMU                     begin nothing
no_memory        MMU                     page allocation failure: order:
faults           FAIL_PAGE_ALLOC         FAULT_INJECTION: forcing a failure
advice           MMU                     WARNING: this is advice
'

# needed CONFIG <TABLE: rows that the kernel is configured for; the others are skipped.
needed()
{
	local kind needs what

	while read -r kind needs what; do
		if grep -qx "CONFIG_$needs=y" "$1"; then
			echo "$kind $what"
		elif [ -n "$kind" ]; then
			echo "$kind $needs" >&2
		fi
	done
}

vm() # KERNEL OPTION... -- COMMAND...
{
	MMSCOPE_NO_MODULE=1 MMSCOPE_SHARE=$work scripts/vm -k "$1" -m 1536M -t 2400 "${@:2}" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
}
gave() # STATUS
{
	echo "status $status, not $1"
	tail -n 30 "$work/err"
	[ "$status" = "$1" ]
}
has() { tail -n 50 "$2"; grep -qE -- "$1" "$2"; }

wrong() # FILE PATTERN: klog fails for it, and its report says so.
{
	local code=0

	scripts/klog "$1" >"$work/report" || code=$?
	cat "$work/report"
	echo "status $code, not 1, or the report has no: $2"
	[ $code = 1 ] && grep -qE "$2" "$work/report"
}
fine() { scripts/klog "$1"; }

make_bad() # KERNEL: bad.ko for it, in $work
{
	cp tests/badmod/* "$work/"
	scripts/workshop -- make --silent -C "$(<"$(scripts/kernel "$1")/kdir")" M="$work" CC=gcc modules
}

survived() # KERNEL CONFIG: all in one boot; its log is cut where one kind begins.
{
	local kind what log processors=1

	needed "$2" <<<"$kinds" >"$work/table" 2>"$work/skipped"
	# Lockdep is turned on again, which wants one processor; a race wants two.
	! grep -q '^race ' "$work/table" || processors=2
	# shellcheck disable=SC2046	# words
	vm "$1" -c $processors -a slab_debug=Z,kmalloc-1k -- "$work/provoke" "$work/bad.ko" \
		$(cut -d' ' -f1 "$work/table") nothing
	ok "$1: scripts/vm fails" gave 125
	ok "$1: the first report is on stderr" has "$(head -n 1 "$work/table" | cut -d' ' -f2-)" "$work/err"
	log=$(sed -n 's/.*; log: \([^ ,]*\).*/\1/p' "$work/err")
	mkdir -p "$work/pieces"
	tr -d '\r' <"${log:-/dev/null}" | awk -v dir="$work/pieces/" '
		BEGIN { file = "boot" }
		/bad: begin [a-z_]+$/ { file = $NF }
		{ print >(dir file) }'
	ok "$1: nothing wrong before" fine "$work/pieces/boot"
	while read -r kind what; do
		ok "$1: $kind" wrong "$work/pieces/$kind" "$what"
		sed -E 's/^\[ *[0-9.]+\] *//' "$work/report" | grep -m 1 -E "$what" | cut -c1-110 | sed 's/^/# /'
	done <"$work/table"
	while read -r kind what; do
		count=$((count + 1))
		echo "ok $count - reports: $1: $kind # SKIP not CONFIG_$what"
	done <"$work/skipped"
	rm -rf "$work/pieces"
	[ "$failed" != 0 ] || [ -z "$log" ] || rm -f "$log"
}

died() # KERNEL CONFIG
{
	local kind what

	needed "$2" <<<"$deaths" >"$work/table" 2>/dev/null
	while read -r kind what <&3; do
		vm "$1" -- sh -c "insmod $work/bad.ko && echo before && echo $kind >/dev/bad"
		ok "$1: $kind ends it: scripts/vm fails" gave 125
		ok "$1: $kind: and says why" has "$what" "$work/err"
		ok "$1: $kind: what was said before is there" has before "$work/out"
	done 3<"$work/table"
}

lived() # KERNEL CONFIG
{
	local kind what

	needed "$2" <<<"$harmless" >"$work/table" 2>/dev/null
	# shellcheck disable=SC2046	# words
	vm "$1" -c 2 -- sh -c "$work/provoke $work/bad.ko $(cut -d' ' -f1 "$work/table" | xargs); dmesg"
	ok "$1: nothing wrong: scripts/vm succeeds" gave 0
	while read -r kind what; do
		ok "$1: $kind: the kernel did say so" has "$what" "$work/out"
	done <"$work/table"
	! grep -q '^faults ' "$work/table" ||
		ok "$1: faults: all were injected" has 'faults: 3 of 3 refused' "$work/out"
}

for kernel; do
	config=$(<"$(scripts/kernel "$kernel")/kdir")/.config
	# The headers of a stock kernel are in the workshop's root.
	[ -e "$config" ] || config=$(scripts/root)/tree/$config
	ok "$kernel: the module that does wrong is built" make_bad "$kernel"
	survived "$kernel" "$config"
	died "$kernel" "$config"
	lived "$kernel" "$config"
done
done_testing
