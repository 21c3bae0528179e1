/* SPDX-License-Identifier: GPL-2.0 */
#include "../../../../../include/vdso/math64.h"
