// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages differ from their regions (spots.h).
 *
 * A pure room.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "spots.h"

/**
 * damon_note_spot() - Note a page that differs from its region, or may do so.
 * @t:		The target.
 * @spot:	What is known of it.
 *
 * Context: Worker.
 * Return: Where it is noted, until the next one is noted or dropped.  %NULL if it has been
 * before, or there is no room: then there is enough to be cut already.
 */
struct damon_spot *damon_note_spot(struct damon_target *t, const struct damon_spot *spot)
{
	struct damon_spots *spots = &t->spots;
	struct damon_spot *at = spots->spots + spots->nr;

	while (at > spots->spots && at[-1].addr > spot->addr)
		at--;
	if (spots->nr == DAMON_MAX_SPOTS ||
	    (at > spots->spots && at[-1].addr == spot->addr))
		return NULL;
	memmove(at + 1, at, (spots->spots + spots->nr - at) * sizeof(*at));
	*at = *spot;
	spots->nr++;
	if (at - spots->spots <= spots->next)
		spots->next++;
	return at;
}

/**
 * damon_drop_spot() - Undo damon_note_spot().
 * @t:		The target.
 * @spot:	The spot, or suspect.
 *
 * Context: Worker.
 */
void damon_drop_spot(struct damon_target *t, struct damon_spot *spot)
{
	struct damon_spots *spots = &t->spots;

	if (spot - spots->spots < spots->next)
		spots->next--;
	spots->nr--;
	memmove(spot, spot + 1, (spots->spots + spots->nr - spot) * sizeof(*spot));
}

/* Keeps suspects only, or spots only. */
static void keep(struct damon_spots *spots, bool suspects)
{
	unsigned int i, nr = 0;

	for (i = 0; i < spots->nr; i++)
		if (!spots->spots[i].chance != suspects)
			spots->spots[nr++] = spots->spots[i];
	spots->nr = nr;
	spots->next = 0;
}

/**
 * damon_forget_suspects() - Drop those that are not known to be spots.
 * @t:		The target, of which some interval has not been looked at.
 *
 * Context: Worker.
 */
void damon_forget_suspects(struct damon_target *t)
{
	keep(&t->spots, false);
}

/**
 * damon_drop_spots() - Drop those that are spots.
 * @t:		The target, which has been cut around them.
 *
 * Context: Worker.
 */
void damon_drop_spots(struct damon_target *t)
{
	keep(&t->spots, true);
}

/* The target has become another process, or its past says nothing any more. */
void damon_forget_spots(struct damon_target *t)
{
	t->spots.nr = 0;
	t->spots.next = 0;
}

/**
 * damon_begin_suspects() - Begin the looks at suspects in an interval.
 * @t:		The target.
 * @turn:	Number of the interval, see struct damon_looks.
 *
 * If the target was not looked at in the one before, looks would see too much, unless
 * they begin behind a flush.
 *
 * Context: Worker (operations sets).
 */
void damon_begin_suspects(struct damon_target *t, unsigned int turn)
{
	if (!t->reach.silent && t->spots.turn + 1 != turn)
		damon_forget_suspects(t);
	t->spots.turn = turn;
	t->spots.next = 0;
}

/**
 * damon_look_again() - Count another look at a suspect.
 * @t:		The target.
 * @spot:	What damon_next_suspect() has returned.  Is dropped if the look does not agree.
 * @answer:	What the look has shown.
 *
 * Context: Worker (operations sets).
 * Return: There is to be another one.
 */
bool damon_look_again(struct damon_target *t, struct damon_spot *spot,
		      enum damon_answer answer)
{
	if (answer != (spot->hot ? DAMON_ACCESSED : DAMON_NOT_ACCESSED)) {
		damon_drop_spot(t, spot);
		return false;
	}
	spot->chance = spot->chance * spot->share / DAMON_FULL_RATE;
	return spot->chance;
}
