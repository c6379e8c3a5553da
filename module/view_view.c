// SPDX-License-Identifier: GPL-2.0
/* `view`: views.def as the module was built with it. Constant. */
#include "view.h"

static void render(struct mmscope_text *text, const void *record)
{
	static const char *const places[] = {
		[MMSCOPE_PROC] = "proc", [MMSCOPE_DEBUG] = "debug", [MMSCOPE_TARGET] = "target",
	};
	static const char *const formats[] = {
		[MMSCOPE_TEXT] = "text", [MMSCOPE_BINARY] = "binary", [MMSCOPE_REQUEST] = "request",
	};
	static const char *const needs[] = {
		[MMSCOPE_NONE] = "none", [MMSCOPE_PTRACE] = "ptrace", [MMSCOPE_FRAMES] = "frames",
	};
	unsigned int i;

	for (i = 0; i < mmscope_view_count; i++) {
		const struct mmscope_view *view = &mmscope_views[i];

		mmscope_text_str(text, view->name);
		mmscope_text_str(text, places[view->place]);
		mmscope_text_printf(text, "%04o", view->mode);
		mmscope_text_str(text, formats[view->format]);
		mmscope_text_str(text, needs[view->need]);
		mmscope_text_str(text, view->help);
		mmscope_text_row(text);
	}
}

const struct mmscope_view_ops mmscope_view_view = {
	.record = &mmscope_record_view,
	.render = render,
};
