/* SPDX-License-Identifier: GPL-2.0 */
/* Pure rooms know nothing of processes; users of the header that they share do. */
