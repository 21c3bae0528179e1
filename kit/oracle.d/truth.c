// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU's emulator (x86-64, one CPU) that writes down which pages a process
 * of the guest touches, and when: loads, stores, instruction fetches, and what the kernel
 * copies to and from it. The guest cannot notice: its time is a count of its own
 * instructions.
 *
 *	-plugin truth.so,out=FILE,report=ADDRESS[,phys=on]
 *
 * Guest programs announce themselves and the time (workloads/announce.h). A process is
 * known by its page tables, that is by CR3. report is the address of the kernel function
 * that writes a region of a window into the trace. With phys=on the accesses of all
 * processes count, by physical page.
 *
 * Time is cut into bins: one ends whenever a program tells the time, and with each report.
 * The file is a sequence of records, of a kind and a number (u32 each) and what they hold
 * so many of:
 *
 *	MAGIC	nothing; the first record
 *	PAGES	u64: numbers of pages seen for the first time; they get indices from 0 on
 *	TOUCHED	u32: indices of the pages touched in the bin that ends here
 *	TIME	u64: the time that is told, in ns
 *	REPORT	nothing: a region of a window is reported
 *	END	u64: how many accesses could not be told a page; the last record
 *
 * It does not know what a window or a sampling interval is, nor which kernel runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../workloads/announce.h"
#include "plugin.h"

#define EXPORT		__attribute__((visibility("default")))
#define PAGE_SHIFT	12
#define CR3_ADDRESS	0x000ffffffffff000ull

enum record { MAGIC = 0x4e4d4144, PAGES = 1, TOUCHED, TIME, REPORT, END };

EXPORT int qemu_plugin_version = PLUGIN_VERSION;

static qemu_plugin_id_t plugin;
static FILE *out;
static uint64_t report_at;
static bool phys;

static bool watching;		/* what is translated reports its accesses */
static bool started;		/* between the announcements of start and stop */
static bool active;		/* and the CPU runs on page tables that count */
static uint64_t cr3, target;
static uint32_t bin = 1;
static uint64_t lost;

static bool is_user(uint64_t address)
{
	return (int64_t)address >= 0;
}

static void *must(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "truth: no memory\n");
	exit(1);
}

static void put(enum record kind, uint32_t number, const void *what, size_t size)
{
	uint32_t head[2] = { kind, number };

	fwrite(head, sizeof(head), 1, out);
	fwrite(what, size, number, out);
}

/* -- the registers ------------------------------------------------------------------ */

/* As instructions encode them. */
static const char * const gpr_names[16] = {
	"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
#define RDI	7

static struct qemu_plugin_register *gpr[16], *reg_rip, *reg_cr3;

static void cpu_starts(unsigned int vcpu, void *data)
{
	GArray *all = qemu_plugin_get_registers();
	const qemu_plugin_reg_descriptor *reg = (void *)all->data;
	const qemu_plugin_reg_descriptor *end = reg + all->len;
	int i;

	for (; reg < end; reg++) {
		for (i = 0; i < 16; i++)
			if (!strcmp(reg->name, gpr_names[i]))
				gpr[i] = reg->handle;
		if (!strcmp(reg->name, "rip"))
			reg_rip = reg->handle;
		if (!strcmp(reg->name, "cr3"))
			reg_cr3 = reg->handle;
	}
	if (!gpr[RDI] || !reg_rip || !reg_cr3) {
		fprintf(stderr, "truth: this emulator does not show its registers\n");
		exit(1);
	}
}

static uint64_t read_register(struct qemu_plugin_register *reg)
{
	static GByteArray *buffer;
	uint64_t value = 0;

	if (!buffer)
		buffer = must(g_byte_array_new());
	g_byte_array_set_size(buffer, 0);
	if (!qemu_plugin_read_register(reg, buffer)) {
		fprintf(stderr, "truth: a register cannot be read\n");
		exit(1);
	}
	memcpy(&value, buffer->data, buffer->len < sizeof(value) ? buffer->len : sizeof(value));
	return value;
}

/* -- the pages ---------------------------------------------------------------------- */

/* A hash of those seen so far; their indices are in the order in which they came. */
struct page {
	uint64_t number;
	uint32_t index;
	uint32_t bin;		/* the last one in which it was touched; 0: this is no page */
};

static struct page *pages;
static uint32_t nr_slots = 1 << 18, nr_pages;

/* Of the bin that has not ended yet. */
static uint64_t *fresh;
static uint32_t *touched, nr_fresh, nr_touched, room;

static struct page *slot_of(uint64_t number)
{
	uint32_t i = (number * 0x9e3779b97f4a7c15ull) >> 32;

	for (;; i++) {
		struct page *page = &pages[i & (nr_slots - 1)];

		if (!page->bin || page->number == number)
			return page;
	}
}

static void grow(void)
{
	struct page *old = pages, *page;

	nr_slots *= 2;
	pages = must(calloc(nr_slots, sizeof(*pages)));
	for (page = old; page < old + nr_slots / 2; page++)
		if (page->bin)
			*slot_of(page->number) = *page;
	free(old);
}

static void touch_page(uint64_t number)
{
	struct page *page = slot_of(number);

	if (page->bin == bin)
		return;
	if (nr_touched == room) {
		room = room ? 2 * room : 1 << 16;
		touched = must(realloc(touched, room * sizeof(*touched)));
		fresh = must(realloc(fresh, room * sizeof(*fresh)));
	}
	if (!page->bin) {
		page->number = fresh[nr_fresh++] = number;
		page->index = nr_pages++;
	}
	page->bin = bin;
	touched[nr_touched++] = page->index;
	if (nr_pages > nr_slots / 2)
		grow();
}

static void end_bin(void)
{
	if (nr_fresh)
		put(PAGES, nr_fresh, fresh, sizeof(*fresh));
	if (nr_touched)
		put(TOUCHED, nr_touched, touched, sizeof(*touched));
	nr_fresh = nr_touched = 0;
	bin++;
}

static void touch(uint64_t address, uint64_t size)
{
	uint64_t number = address >> PAGE_SHIFT, where;

	for (; number <= (address + size - 1) >> PAGE_SHIFT; number++) {
		if (!phys)
			touch_page(number);
		else if (qemu_plugin_translate_vaddr(number << PAGE_SHIFT, &where))
			touch_page(where >> PAGE_SHIFT);
		else
			lost++;
	}
}

/* -- the accesses ------------------------------------------------------------------- */

/* Most accesses are to pages that were touched in this bin already. */
static struct recent {
	uint64_t page, cr3;
	uint32_t bin;
} recents[8192];

static void data_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
	uint64_t page = address >> PAGE_SHIFT, size;
	struct recent *recent = &recents[page % (sizeof(recents) / sizeof(*recents))];

	if (!active || !is_user(address))
		return;
	size = 1ull << qemu_plugin_mem_size_shift(info);
	if (recent->page == page && recent->bin == bin && recent->cr3 == cr3 &&
	    (address + size - 1) >> PAGE_SHIFT == page)
		return;
	*recent = (struct recent){ page, cr3, bin };
	touch(address, size);
}

/*
 * A translated block, which may run at other addresses than the one where it was
 * translated, at the same place of a page.
 */
struct block {
	uint64_t vaddr, size, cr3;
	uint32_t bin;		/* in which it ran last, under that CR3 */
};

static void block_runs(unsigned int vcpu, void *data)
{
	struct block *block = data;
	uint64_t at;

	if (!active || (block->bin == bin && block->cr3 == cr3))
		return;
	block->bin = bin;
	block->cr3 = cr3;
	at = read_register(reg_rip);
	if ((at ^ block->vaddr) & ((1 << PAGE_SHIFT) - 1))
		lost++;
	else
		touch(at, block->size);
}

/* -- what is announced, and what the kernel does ------------------------------------ */

static void register_callbacks(void);

static void update_active(void)
{
	active = started && (phys || cr3 == target);
}

static void loads_cr3(unsigned int vcpu, void *data)
{
	cr3 = read_register(*(struct qemu_plugin_register **)data) & CR3_ADDRESS;
	update_active();
}

/* To report accesses takes time, so that nothing does before that is wanted. */
static void watch_all(void *data)
{
	watching = true;
	register_callbacks();
}

static void announced(unsigned int vcpu, void *data)
{
	uint64_t time;

	switch ((uintptr_t)data) {
	case ANNOUNCE_TARGET:
		cr3 = target = read_register(reg_cr3) & CR3_ADDRESS;
		break;
	case ANNOUNCE_START:
		started = true;
		qemu_plugin_reset(plugin, watch_all, NULL);
		break;
	case ANNOUNCE_STOP:
		end_bin();
		started = false;
		break;
	case ANNOUNCE_TIME:
		if (!started)
			break;
		end_bin();
		time = read_register(gpr[RDI]);
		put(TIME, 1, &time, sizeof(time));
		break;
	}
	update_active();
}

static void reports(unsigned int vcpu, void *data)
{
	if (!started)
		return;
	end_bin();
	put(REPORT, 0, "", 0);
}

/* -- what is translated ------------------------------------------------------------- */

/* mov %reg, %cr3: the register, or -1. */
static int loaded_into_cr3(const uint8_t *code, size_t len)
{
	int high = 0;

	if (len == 4 && (code[0] & 0xf0) == 0x40) {
		high = code[0] & 1 ? 8 : 0;
		code++;
		len--;
	}
	if (len != 3 || code[0] != 0x0f || code[1] != 0x22 || (code[2] & 0xf8) != 0xd8)
		return -1;
	return high + (code[2] & 7);
}

/* What the no-op of workloads/announce.h says, or 0. */
static uintptr_t announcement(const uint8_t *code, size_t len)
{
	return len == 7 && !memcmp(code, "\x0f\x1f\x80" "DMN", 6) ? code[6] : 0;
}

static void watch_kernel(struct qemu_plugin_insn *insn, const uint8_t *code, size_t len)
{
	int reg = loaded_into_cr3(code, len);

	if (reg >= 0)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, loads_cr3, QEMU_PLUGIN_CB_R_REGS,
						       &gpr[reg]);
	if (qemu_plugin_insn_vaddr(insn) == report_at)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, reports, QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static void watch_user(struct qemu_plugin_insn *insn, const uint8_t *code, size_t len)
{
	uintptr_t kind = announcement(code, len);

	if (kind)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, announced, QEMU_PLUGIN_CB_R_REGS,
						       (void *)kind);
}

static void translated(struct qemu_plugin_tb *tb, void *data)
{
	uint64_t vaddr = qemu_plugin_tb_vaddr(tb);
	size_t number = qemu_plugin_tb_n_insns(tb), i, size = 0;
	bool user = is_user(vaddr);

	for (i = 0; i < number; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint8_t code[15];
		size_t len = qemu_plugin_insn_data(insn, code, sizeof(code));

		(user ? watch_user : watch_kernel)(insn, code, len);
		if (watching)
			qemu_plugin_register_vcpu_mem_cb(insn, data_access, QEMU_PLUGIN_CB_NO_REGS,
							 QEMU_PLUGIN_MEM_RW, NULL);
		size += qemu_plugin_insn_size(insn);
	}
	if (user && watching) {
		struct block *block = must(calloc(1, sizeof(*block)));

		block->vaddr = vaddr;
		block->size = size;
		qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, QEMU_PLUGIN_CB_R_REGS, block);
	}
}

/* ----------------------------------------------------------------------------------- */

static void emulator_ends(void *data)
{
	end_bin();
	put(END, 1, &lost, sizeof(lost));
	if (ferror(out) | fclose(out))
		fprintf(stderr, "truth: the recording could not be written\n");
}

static void register_callbacks(void)
{
	qemu_plugin_register_vcpu_tb_trans_cb(plugin, translated, NULL);
	qemu_plugin_register_atexit_cb(plugin, emulator_ends, NULL);
}

static bool parse(int argc, char **argv)
{
	const char *name = NULL;
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			name = argv[i] + 4;
		else if (!strncmp(argv[i], "report=", 7))
			report_at = strtoull(argv[i] + 7, NULL, 16);
		else if (!strcmp(argv[i], "phys=on"))
			phys = true;
		else
			return false;
	}
	if (name)
		out = fopen(name, "w");
	return out && report_at;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	if (!parse(argc, argv)) {
		fprintf(stderr, "truth: out=FILE,report=ADDRESS[,phys=on]\n");
		return -1;
	}
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	put(MAGIC, 0, "", 0);
	pages = must(calloc(nr_slots, sizeof(*pages)));
	plugin = id;
	qemu_plugin_register_vcpu_init_cb(id, cpu_starts, NULL);
	register_callbacks();
	return 0;
}
