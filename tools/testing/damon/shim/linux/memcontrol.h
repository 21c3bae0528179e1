/* SPDX-License-Identifier: GPL-2.0 */
/* Pure rooms know nothing of control groups; users of the header that they share do. */
