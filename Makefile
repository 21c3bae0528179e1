# SPDX-License-Identifier: GPL-2.0
#
# The commands of this project. Each one is a program in kit/, which explains
# itself at its top; this file only says which there are.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Given on make's command line or in the environment, for kit/.
export BASE BASE_VERSION CONFIG FLAVOUR CMD MEM CPUS NODES QEMU_OPTS VM_TIMEOUT KVM JOBS W C STEPS CYCLES RACE_SECONDS
export N SEED ROOMS SECONDS_EACH FUZZERS SAVE LOCALMOD

##@ The result
.PHONY: run
run: kernel		## monitor a real server in a booted kernel, show its heat map
	@kit/packages vm run
	@kit/run

.PHONY: bench stairs
bench: kernel stock	## ours and stock side by side, and the goals: tables, plots in build/bench (CASE="..." SEEDS=number, or EXPERIMENT="...", or ORACLE="..." OPS= MIN= MAX= ...)
	@kit/packages vm bench $(if $(ORACLE),oracle)
	@$(if $(EXPERIMENT),kit/experiment $(EXPERIMENT),$(if $(ORACLE),kit/oracle,kit/bench) \
		$(if $(SEEDS),--seeds $(SEEDS)) $(if $(ORACLE),$(ORACLE_WORDS),$(CASE)))

# Settings of kit/oracle, which has them in small letters.
ORACLE_WORDS = $(ORACLE) $(foreach setting,OPS SAMPLE AGGR UPDATE MIN MAX THP,$(if \
	$($(setting)),$(shell echo $(setting)=$($(setting)) | tr A-Z a-z)))

stairs: CASE = stairs
stairs: bench		## the same for the one case that takes a few minutes

##@ Building and booting
.PHONY: packages base kernel stock deb vm
packages:		## install all Debian packages that any command needs and that are missing
	@kit/packages

base:			## move on to the newest base tree there is and write it down in kit/bases/known
	@kit/packages build
	@kit/base --update

kernel:			## build Linux with our DAMON: build/kernel (CONFIG=fragment FLAVOUR=name BASE=tree BASE_VERSION=7.2)
	@kit/packages build
	@kit/build $(or $(FLAVOUR),kernel)

stock:			## build the same with the stock DAMON: build/stock
	@kit/packages build
	@kit/build stock

deb:			## Debian packages of Linux with our DAMON: build/deb (CONFIG=whole configuration, or the running kernel's; LOCALMOD=1: only modules in use)
	@kit/packages build deb
	@kit/deb

vm:			## boot build/FLAVOUR, run CMD='...' in it (MEM= CPUS= NODES= QEMU_OPTS= VM_TIMEOUT=)
	@kit/packages build vm
	@kit/vm

##@ Testing
.PHONY: check check-deep coverage mutants fuzz
check:			## every test that gates a change (STEPS="..." for some of them)
	@kit/packages build vm run check
	@kit/check

check-deep:		## hours of races, every allocation failed once, an hour of fuzzing (CYCLES= RACE_SECONDS= per race; STEPS=deb: packages)
	@kit/packages build vm run check $(if $(filter deb,$(STEPS)),deb deb-check)
	@STEPS="$(or $(STEPS),storm faults fuzz)" kit/check

coverage:		## which lines and branches of mm/damon the tests reach: a table, pages in build/coverage/html
	@kit/packages build coverage
	@kit/coverage

mutants:		## mistakes made on purpose in the pure rooms, and whether a test notices (N=number or all, SEED=, ROOMS="...")
	@kit/packages build
	@kit/mutants

fuzz:			## the pure rooms fed with what reaches more of them (SECONDS_EACH= per room, SEED=, FUZZERS="...", SAVE=1: keep what was found)
	@kit/packages build check
	@SECONDS_EACH="$(or $(SECONDS_EACH),60)" kit/check.d/fuzz

##@ Handing on
.PHONY: series series-check
series:			## write the tree as patches: build/series
	@kit/packages build
	@kit/series

series-check:		## apply them to the base one by one and build after each
	@kit/packages build
	@kit/series-check

##@ Other
.PHONY: clean help
clean:			## remove build/
	rm -rf build

help:			## this list
	@awk 'BEGIN { FS = ":[^#]*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@awk '/^[0-9]/ { v[n++] = $$1 } END { if (n > 1) \
		printf "\nBASE_VERSION=%s builds on another Linux than %s, below build/base-%s.\n", v[1], v[0], v[1] }' \
		kit/bases/known
