# SPDX-License-Identifier: GPL-2.0
"""What the tests share: TAP, the views of mmscope, the kernel's own files, processes to look at."""
