/* SPDX-License-Identifier: GPL-2.0 */
/* The portable division, as most architectures have it (lib/math/div64.c). */
#include <asm-generic/bitsperlong.h>
#include "../../../../../include/asm-generic/div64.h"
