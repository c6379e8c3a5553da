// SPDX-License-Identifier: GPL-2.0
/* `name`: what each value or bit is called (names.c). Constant. */
#include "names.h"
#include "view.h"

/* A bit that two rows of a set name goes by the first. */
static bool named_before(const struct mmscope_set *set, unsigned int index)
{
	unsigned int i;

	for (i = 0; i < index; i++)
		if (set->names[i].value == set->names[index].value)
			return true;
	return false;
}

static void render_set(struct mmscope_text *text, const struct mmscope_set *set)
{
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		const struct mmscope_name *name = &set->names[i];

		if ((set->flags && !name->value) || named_before(set, i))
			continue;
		mmscope_text_str(text, set->name);
		mmscope_text_hex(text, name->value);
		mmscope_text_str(text, name->name);
		mmscope_text_str(text, name->help);
		mmscope_text_row(text);
	}
}

static void render(struct mmscope_text *text, const void *record)
{
	const struct mmscope_set *const *set;

	for (set = mmscope_sets; *set; set++)
		render_set(text, *set);
}

const struct mmscope_view_ops mmscope_view_name = {
	.record = &mmscope_record_name,
	.render = render,
};
