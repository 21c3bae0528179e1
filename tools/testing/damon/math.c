// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's wide division, made as strict as the strictest architecture: on
 * x86-64, a quotient of more than 64 bits is a CPU exception.
 */
#include <stdio.h>
#include <stdlib.h>
#include <linux/math64.h>

#include "wrap.h"

u64 __wrap_mul_u64_add_u64_div_u64(u64 a, u64 b, u64 c, u64 d)
{
	u64 high = mul_u64_u64_shr(a, b, 64) + (a * b + c < c);

	if (high >= d) {
		fprintf(stderr, "(%#llx * %#llx + %#llx) / %#llx does not fit\n",
			(unsigned long long)a, (unsigned long long)b,
			(unsigned long long)c, (unsigned long long)d);
		abort();
	}
	return __real_mul_u64_add_u64_div_u64(a, b, c, d);
}
