# SPDX-License-Identifier: GPL-2.0
# mmscope for people; kbuild reads Kbuild, not this file.

# Another kernel than the running one, other arguments for kbuild (CC=gcc-14), another place for the
# tools. For VMs: which kernel, and what to run there.
KDIR ?= /lib/modules/$(shell uname -r)/build
MODULE_ARGS ?=
O ?= $(CURDIR)/tools
KERNEL ?= 6.12
CMD ?=
MINUTES ?= 10

all: module tools	## the module and the tools (the default)

module:	## mmscope.ko for the kernel whose headers are in KDIR (the running kernel's)
	@[ -d $(KDIR) ] || { echo "no kernel headers in $(KDIR): install them" \
		"(Debian: linux-headers-$(shell uname -r)) or name others with KDIR=..." >&2; exit 1; }
	@scripts/probe $(KDIR) module/probed.h $(MODULE_ARGS)
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(MODULE_ARGS) modules

tools:	## the command mmscope, into O=DIR (tools/)
	$(MAKE) -C tools O=$(O)

run:	## boot a VM, look at a live process there, stay in its shell
	scripts/bootstrap
	MMSCOPE_TERMINAL=1 scripts/vm -k $(KERNEL) -- scripts/demo

test:	## all tests, on every kernel of scripts/kernels
	scripts/bootstrap
	tests/run

soak:	## every view read under load, faults and fuzz for MINUTES (10) on KERNEL (debug-6.12)
	scripts/bootstrap
	tests/soak/run $(MINUTES)

bench:	## what others wait while memory is read: mmscope beside its peers, in KERNEL
	scripts/bootstrap
	tests/bench $(KERNEL)

lint:	## style, sparse, shellcheck, the rules of the house
	scripts/bootstrap
	scripts/lint

vm:	## a shell in a VM of KERNEL (6.12) with the module loaded, or CMD there
	scripts/bootstrap
	scripts/vm -k $(KERNEL) $(if $(CMD),-- sh -c '$(CMD)')

install: all	## both, for the kernel of KDIR; as root
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(MODULE_ARGS) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	$(if $(DESTDIR),,depmod -a $$($(MAKE) -s -C $(KDIR) kernelrelease))
	$(MAKE) -C tools install

uninstall:	## undo that, for every kernel; as root
	$(RM) $(foreach dir,updates extra,$(wildcard $(DESTDIR)/lib/modules/*/$(dir)/mmscope.ko*))
	$(if $(DESTDIR),,depmod -a)
	$(MAKE) -C tools uninstall

clean:	## what was built in the tree
	$(MAKE) -C tools clean
	$(MAKE) -C tests/parse clean
	$(foreach dir,$(guests),$(MAKE) -C tests/$(dir) clean &&) true
	find . -path ./.git -prune -o \( -name '*.o' -o -name '.*.cmd' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name Module.symvers -o -name modules.order -o -name probed.h \) \
		-type f -exec $(RM) {} +

help:	## this list
	@sed -n 's/^\([a-z]*\):[^#]*## /\1 /p' $(MAKEFILE_LIST) | \
		while read -r target what; do printf '%-10s %s\n' "$$target" "$$what"; done

# What the tests bring along for the guest: scripts/build makes it.
guests := mkmm fuzz effect
guests: $(guests)
$(guests):
	$(MAKE) -C tests/$@ O=$(O)

.PHONY: all module tools run test soak bench lint vm install uninstall clean help guests $(guests)
