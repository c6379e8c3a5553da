// SPDX-License-Identifier: GPL-2.0
/* `format`: fields.def as the module was built with it. Constant. */
#include "view.h"

static void render_field(struct mmscope_text *text, const struct mmscope_record *record,
			 const struct mmscope_field *field)
{
	mmscope_text_str(text, record->name);
	mmscope_text_str(text, field->name);
	if (record->kind == MMSCOPE_RECORD_BINARY) {
		mmscope_text_count(text, field->offset);
		mmscope_text_count(text, field->size);
		mmscope_text_str(text, field->ctype);
	} else {
		mmscope_text_absent(text);
		mmscope_text_absent(text);
		mmscope_text_absent(text);
	}
	mmscope_text_str(text, mmscope_show_name(field->show));
	mmscope_text_str(text, field->help);
	mmscope_text_row(text);
}

/* The whole record, in a row without a field. */
static void render_record(struct mmscope_text *text, const struct mmscope_record *record)
{
	mmscope_text_str(text, record->name);
	mmscope_text_absent(text);
	mmscope_text_absent(text);
	if (record->size)
		mmscope_text_count(text, record->size);
	else
		mmscope_text_absent(text);
	mmscope_text_absent(text);
	mmscope_text_absent(text);
	mmscope_text_str(text, record->help);
	mmscope_text_row(text);
}

static void render(struct mmscope_text *text, const void *unused)
{
	unsigned int i, j;

	for (i = 0; i < mmscope_record_count; i++) {
		const struct mmscope_record *record = mmscope_records[i];

		render_record(text, record);
		for (j = 0; j < record->count; j++)
			render_field(text, record, &record->fields[j]);
	}
}

const struct mmscope_view_ops mmscope_view_format = {
	.record = &mmscope_record_format,
	.render = render,
};
