/* SPDX-License-Identifier: GPL-2.0 */
/* Makes abs() a macro, so the C library has to declare its own before. */
#include <stdlib.h>
#include "../../../../../include/linux/math.h"
