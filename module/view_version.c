// SPDX-License-Identifier: GPL-2.0
/* `version`: what is loaded and what it runs on. Constants of this boot: nothing to lock. */
#include <linux/mm.h>
#include <linux/utsname.h>

#include "arch.h"
#include "main.h"
#include "view.h"

static void render(struct mmscope_text *text, const void *record)
{
	/* In the order of fields.def. */
	mmscope_text_field(text);
	mmscope_text_str(text, MMSCOPE_VERSION);
	mmscope_text_row(text);
	mmscope_text_field(text);
	mmscope_text_count(text, MMSCOPE_ABI);
	mmscope_text_row(text);
	mmscope_text_field(text);
	mmscope_text_str(text, init_utsname()->release);
	mmscope_text_row(text);
	mmscope_text_field(text);
	mmscope_text_str(text, init_utsname()->machine);
	mmscope_text_row(text);
	mmscope_text_field(text);
	mmscope_text_count(text, PAGE_SIZE);
	mmscope_text_row(text);
	mmscope_text_field(text);
	mmscope_text_count(text, mmscope_arch_levels());
	mmscope_text_row(text);
	mmscope_text_field(text);
	mmscope_text_count(text, mmscope_arch_address_bits());
	mmscope_text_row(text);
	mmscope_text_field(text);
	mmscope_text_address(text, __va(0));
	mmscope_text_row(text);
}

const struct mmscope_view_ops mmscope_view_version = {
	.record = &mmscope_record_version,
	.render = render,
};
