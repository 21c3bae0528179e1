// SPDX-License-Identifier: GPL-2.0
/* Says to the emulator's plugin that it is to write down what is touched, or no longer. */
#include <string.h>

#include "announce.h"
#include "common.h"

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "start"))
		announce(ANNOUNCE_START, 0);
	else if (argc == 2 && !strcmp(argv[1], "stop"))
		announce(ANNOUNCE_STOP, 0);
	else
		errx(2, "usage: announce start|stop");
	return 0;
}
