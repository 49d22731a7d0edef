# A thin face over Meson and Ninja; `make help` lists the targets.
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?= 2

.DEFAULT_GOAL := all
.PHONY: all help deps have-deps duckdb check demo demo-scan bench soak fuzz format install clean

all: have-deps duckdb $(BUILD)/build.ninja ## build ./build/jaga (release)
	@ninja -j$(JOBS) -C $(BUILD)
	@ln -sf src/cli/jaga $(BUILD)/jaga

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BUILD)/build.ninja: meson.build
	@meson setup $(BUILD) $(if $(wildcard $(BUILD)/build.ninja),--reconfigure)

deps: ## install every build and test dependency (Debian/Ubuntu: apt; asks for root)
	@tools/deps.sh install && tools/duckdb.sh

have-deps:
	@tools/deps.sh check || tools/deps.sh install

duckdb:
	@tools/duckdb.sh

check: have-deps ## every test, with ASan and UBSan and as released
	@tools/check.sh

demo: all ## a centre, a staged intrusion into it, and what it finds, as it comes
	@tools/demo.sh $(BUILD)

demo-scan: all ## scan the event data the project ships and print the findings
	@tools/demo-scan.sh $(BUILD)

bench: all ## the benchmarks behind every claim of speed
	@tools/bench.sh $(BUILD)

soak: all ## the long tests: kills, clients, connections, memory (hours)
	@tools/soak.sh $(BUILD)

fuzz: have-deps ## run every fuzz target (SECONDS_EACH=600)
	@tools/fuzz.sh

format: ## reformat the sources
	@git ls-files 'src/*.[ch]' 'fuzz/*.[ch]' 'bench/*.[ch]' | xargs clang-format -i

install: all ## install jaga, its manual and the lake's library (PREFIX, DESTDIR)
	@meson configure $(BUILD) --prefix $(PREFIX) && DESTDIR=$(DESTDIR) meson install -C $(BUILD)
	@[ ! -e out/duckdb/libduckdb.so ] || install -D -m 644 out/duckdb/libduckdb.so $(DESTDIR)$(PREFIX)/lib/jaga/libduckdb.so

clean: ## remove what was built
	@rm -rf $(BUILD) build-*
