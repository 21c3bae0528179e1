// SPDX-License-Identifier: GPL-2.0
/*
 * Announces the program that it is loaded into (LD_PRELOAD) as the one to be watched, and
 * gets out of its environment, so that the children of that program are not.
 */
#include <stdlib.h>

#include "../workloads/announce.h"

__attribute__((constructor)) static void mark(void)
{
	unsetenv("LD_PRELOAD");
	announce(ANNOUNCE_TARGET, 0);
}
