#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Shows all of the running context of /sys/kernel/mm/damon/admin/kdamonds/0.

	damon_image.py VMLINUX

For each line read, "all" or "parameters", one line is written: a checksum per
object. "all" is every byte of the context, its probes, targets, regions, schemes,
filters, goals and destinations, including the pointers between them, except for
what LEFT_OUT names; "parameters" is what a commit sets. With two lines one can tell
whether anything has changed, and what. Debugging aid: the context must hold still,
so for "all" it has to be paused.
"""

import struct
import sys
import zlib

import drgn
from drgn.helpers.linux.pid import find_task

PID = '/sys/kernel/mm/damon/admin/kdamonds/0/pid'

# Moves while requests are served, whatever these do.
LEFT_OUT = {
    'damon_ctx': ['stop_lock', 'lock', 'calls', 'call_waiting', 'started'],
}

# What a commit sets.
PARAMETERS = {
    'damon_ctx': ['attrs', 'ops', 'addr_unit', 'min_region_sz', 'pause', 'user_attrs'],
    'damon_probe': [],
    'damon_filter': ['type', 'matching', 'allow', 'memcg_id'],
    'damon_target': ['pid', 'obsolete'],
    'damos': ['pattern', 'action', 'apply_interval_us', 'target_nid', 'max_nr_snapshots',
              'quota.reset_interval', 'quota.ms', 'quota.sz', 'quota.goal_tuner',
              'quota.fail_charge_num', 'quota.fail_charge_denom', 'quota.weight_sz',
              'quota.weight_nr_accesses', 'quota.weight_age', 'wmarks.metric',
              'wmarks.interval', 'wmarks.high', 'wmarks.mid', 'wmarks.low'],
    'damos_filter': ['type', 'matching', 'allow', 'memcg_id', 'addr_range', 'target_idx',
                     'sz_range'],
    'damos_quota_goal': ['metric', 'target_value', 'nid', 'memcg_id'],
}


class Kind:
    """A struct type: where its members are."""

    def __init__(self, prog, name):
        self.name = name
        self.type = prog.type('struct ' + name)
        self.size = self.type.size

    def at(self, path):
        """Offset and size of a member; a path has dots."""
        offset = drgn.offsetof(self.type, path)
        where = self.type
        for part in path.split('.'):
            member = where.member(part)
            where = member.type
            while where.kind == drgn.TypeKind.TYPEDEF:
                where = where.type
        return offset, drgn.sizeof(where)

    def chosen(self, data, kind):
        """The bytes that are compared."""
        if kind == 'all':
            data = bytearray(data)
            for path in LEFT_OUT.get(self.name, []):
                offset, size = self.at(path)
                data[offset:offset + size] = bytes(size)
            return bytes(data)
        chosen = b''
        for path in PARAMETERS[self.name]:
            offset, size = self.at(path)
            chosen += data[offset:offset + size]
        return chosen


class Imager:
    def __init__(self, vmlinux):
        self.prog = drgn.Program()
        self.prog.set_kernel()
        self.prog.load_debug_info([vmlinux])
        self.kinds = {name: Kind(self.prog, name)
                      for name in list(PARAMETERS) + ['damon_region']}

    def context(self):
        with open(PID, encoding='ascii') as file:
            pid = int(file.read())
        if pid < 0:
            return None
        task = find_task(self.prog, pid)
        kthread = drgn.cast('struct kthread *', task.worker_private)
        return kthread.data.value_()

    def entries(self, head, kind):
        """Addresses of the objects in a list that begins at an address."""
        link, _ = self.kinds[kind].at('list')
        where = self.prog.read_word(head)
        while where != head:
            yield where - link
            where = self.prog.read_word(where)

    def note(self, kind, address, name):
        data = self.prog.read(address, self.kinds[kind].size)
        self.line.append(f'{name}:{zlib.crc32(self.kinds[kind].chosen(data, self.what)):x}')
        return data

    def member(self, kind, address, path):
        return address + self.kinds[kind].at(path)[0]

    def note_list(self, head, kind, name):
        for index, address in enumerate(self.entries(head, kind)):
            self.note(kind, address, f'{name} {index}')

    def note_scheme(self, s, name):
        data = self.note('damos', s, name)
        self.note_list(self.member('damos', s, 'core_filters'), 'damos_filter',
                       name + ' core_filter')
        self.note_list(self.member('damos', s, 'ops_filters'), 'damos_filter',
                       name + ' ops_filter')
        self.note_list(self.member('damos', s, 'quota.goals'), 'damos_quota_goal',
                       name + ' goal')
        dests = self.kinds['damos'].at('migrate_dests')[0]
        ids, weights, number = struct.unpack_from('<QQQ', data, dests)
        for array in (ids, weights) if number else ():
            self.line.append(f'{name} dests:{self.prog.read(array, 4 * number).hex()}')

    def image(self, what):
        self.what = what
        self.line = []
        ctx = self.context()
        if ctx is None:
            return 'does not run'
        self.note('damon_ctx', ctx, 'context')
        probes = self.member('damon_ctx', ctx, 'probes')
        for index, probe in enumerate(self.entries(probes, 'damon_probe')):
            self.note('damon_probe', probe, f'probe {index}')
            self.note_list(self.member('damon_probe', probe, 'filters'), 'damon_filter',
                           f'probe {index} filter')
        targets = self.member('damon_ctx', ctx, 'adaptive_targets')
        for index, target in enumerate(self.entries(targets, 'damon_target')):
            self.note('damon_target', target, f'target {index}')
            if what == 'all':
                self.note_list(self.member('damon_target', target, 'regions_list'),
                               'damon_region', f'target {index} region')
        schemes = self.member('damon_ctx', ctx, 'schemes')
        for index, scheme in enumerate(self.entries(schemes, 'damos')):
            self.note_scheme(scheme, f'scheme {index}')
        return ';'.join(self.line)


def main():
    imager = Imager(sys.argv[1])
    for line in sys.stdin:
        print(imager.image(line.strip()), flush=True)


main()
