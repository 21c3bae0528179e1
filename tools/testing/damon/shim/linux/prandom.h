/* SPDX-License-Identifier: GPL-2.0 */
/* Pure rooms know nothing of random numbers; users of the header that they share do. */
