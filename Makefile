# SPDX-License-Identifier: GPL-2.0
# mmscope for people; kbuild reads Kbuild, not this file.

# For a kernel other than the running one, or with other arguments for kbuild (CC=gcc-14, ...).
KDIR ?= /lib/modules/$(shell uname -r)/build
MODULE_ARGS ?=

all: module tools	## the module and the tools

module:			## mmscope.ko for the kernel whose headers are in KDIR
	@scripts/probe $(KDIR) module/probed.h $(MODULE_ARGS)
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(MODULE_ARGS) modules

O ?= $(CURDIR)/tools
tools:			## the command mmscope, into O=DIR
	$(MAKE) -C tools O=$(O)

mkmm:
	$(MAKE) -C tests/mkmm O=$(O)

.PHONY: all module tools mkmm
