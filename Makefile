# Each target does its own set-up, on a fresh clone too. `make` alone lists them.

PYTHON ?= python3
DATA ?= data/test
VALID ?= data/valid/Kodak24
BIN := .venv/bin
CODE := src tests scripts
READY := .venv/.ready
SOURCES := pyproject.toml CMakeLists.txt Makefile $(wildcard native/* native/*/*)
DEMO_SOURCES := $(SOURCES) $(shell find src -name '*.py' -o -name '*.iqlut')

# Plain `torch` brings gigabytes of CUDA on Linux: ask for the CPU build first.
TORCH := 2.13.0
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu

.DEFAULT_GOAL := help
.PHONY: help setup check check-slow check-native check-windows check-lower-bounds wheels run-wheels format test attack mutants bench figures results silicon demo clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv: iqlut in editable form, what training and tests need

$(READY): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -c 'import torch' 2>/dev/null \
	|| $(BIN)/pip install --quiet --only-binary :all: 'torch==$(TORCH)+cpu' 2>/dev/null \
	|| $(BIN)/pip install --quiet 'torch==$(TORCH)' --extra-index-url $(TORCH_CPU_INDEX) \
	|| $(BIN)/pip install --quiet 'torch>=2.10'
	$(BIN)/pip install --quiet -e '.[train,dev]'
	@touch $@

QUICK := not slow and not silicon
C_CODE := $(wildcard native/*.[ch] native/*/*.[ch])

check: $(READY)  ## format, lint, types, tables of results, all tests that are not slow
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/clang-format --dry-run --Werror $(C_CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m scripts.render.check_results
	$(BIN)/python -m scripts.render.documents --check
	$(BIN)/python -m pytest -n auto -m '$(QUICK)'

check-slow: $(READY)  ## the slow tests: emulated processors, simulated circuits, killed and resumed runs
	$(BIN)/python -m pytest -n auto -m slow

CHECKS := build/checks
FUZZ_S := 60

# Needs cmake, clang and its sanitizers; where apt-get is, it fetches what is missing.
check-native: $(READY)  ## the kernels under ASan and UBSan: stored cases, the tests, and FUZZ_S seconds of libFuzzer
	.ci/tools clang cmake make
	mkdir -p $(CHECKS)/corpus
	cmake -S . -B $(CHECKS)/clang -DIQLUT_CHECKS=sanitized -DCMAKE_C_COMPILER=clang >$(CHECKS).log 2>&1 || { cat $(CHECKS).log; exit 1; }
	cmake --build $(CHECKS)/clang --target check fuzz _inference _training
	$(BIN)/python tests/check_cases.py $(CHECKS)/cases.bin 100
	$(CHECKS)/clang/check <$(CHECKS)/cases.bin
	LD_PRELOAD=$$(clang -print-file-name=libclang_rt.asan-$$(uname -m).so) ASAN_OPTIONS=detect_leaks=0 \
	  $(BIN)/python -m scripts.dev.check_native $(CHECKS)/clang
	$(CHECKS)/clang/fuzz -max_total_time=$(FUZZ_S) -max_len=4096 -len_control=0 -verbosity=0 -print_final_stats=1 $(CHECKS)/corpus

# Needs cmake and MinGW; where apt-get is, it fetches what is missing. With wine, the golden cases run too.
check-windows: $(READY)  ## both native libraries compiled for Windows
	.ci/tools cmake make x86_64-w64-mingw32-gcc
	mkdir -p $(CHECKS)
	cmake -S . -B $(CHECKS)/windows -DIQLUT_CHECKS=plain -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64 -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc >$(CHECKS).log 2>&1 || { cat $(CHECKS).log; exit 1; }
	cmake --build $(CHECKS)/windows --target check _inference _training
	$(BIN)/python tests/check_cases.py $(CHECKS)/cases.bin 100
	if command -v wine >/dev/null; then wine $(CHECKS)/windows/check.exe <$(CHECKS)/cases.bin; else echo "there is no wine: compiled, not run"; fi

# `zig cc` is the compiler for every platform; PyPI ships it. The first run takes about ten minutes.
wheels: $(READY)  ## dist/*.whl for Linux, macOS and Windows, built and checked here, whatever this machine is
	$(BIN)/pip install --quiet -e '.[wheels]'
	$(BIN)/python -m scripts.wheels.build --output dist

# On Debian 12 with qemu-user and wine, all but those for macOS; what cannot be run is named.
run-wheels: $(READY)  ## run dist/*.whl as far as this machine can: under qemu, with musl, under wine
	$(BIN)/python -m scripts.wheels.run $(wildcard dist/*.whl)

LOWER := build/lower-bounds

# uv resolves to the lowest version of each direct dependency. The one of NumPy needs Python 3.12 at most,
# which uv downloads if this machine has none.
check-lower-bounds:  ## all quick tests with the lowest version of every dependency that pyproject.toml allows
	test -x $(LOWER)/uv/bin/uv || { $(PYTHON) -m venv $(LOWER)/uv && $(LOWER)/uv/bin/pip install --quiet uv; }
	$(LOWER)/uv/bin/uv venv --quiet --allow-existing --python '>=3.10,<3.13' $(LOWER)/venv
	$(LOWER)/uv/bin/uv pip install --quiet --python $(LOWER)/venv/bin/python --resolution lowest-direct --torch-backend cpu -e '.[train,hi,video,test]'
	$(LOWER)/venv/bin/python -m pytest -n auto -m '$(QUICK)'

format: $(READY)  ## format the code and mend what lint can mend
	$(BIN)/ruff format $(CODE)
	$(BIN)/clang-format -i $(C_CODE)
	$(BIN)/ruff check --fix $(CODE)

test: $(READY)  ## all tests, the slow ones too
	$(BIN)/python -m pytest -n auto

PART := 1

attack: $(READY)  ## damaged and oversized files, kills, interrupts, two runs at once (SECURITY.md); PART=0.01 of the trials takes minutes
	$(BIN)/python -m scripts.attack.everything --part $(PART)
	$(BIN)/python -m scripts.render.documents

mutants: $(READY)  ## change one line of the source at a time and check that a test fails (about ten minutes)
	$(BIN)/python -m scripts.dev.mutants

bench: $(READY)  ## time the engines on this machine
	$(BIN)/iqlut bench --isa all --threads 1 2

figures: $(READY)  ## measure, on a quiet machine, all times and the memory that the native engine is held to
	$(BIN)/pip install --quiet -e '.[bench,dev]'
	$(BIN)/python -m scripts.measure.engine_figures
	$(BIN)/python -m scripts.render.plot_quality
	$(BIN)/python -m scripts.render.documents

results: $(READY)  ## measure again what README and docs show: results/*.json, then the tables (DATA=folder of the test sets, VALID=Kodak24)
	$(BIN)/pip install --quiet -e '.[bench,dev]'
	$(BIN)/python -m scripts.measure.quality_and_speed $(DATA) quality
	$(BIN)/python -m scripts.measure.restoration_strengths $(VALID) $(wildcard $(foreach set,B100 Set14 Classic5 LIVE1,$(DATA)/$(set)))
	$(BIN)/python -m scripts.measure.engine_figures
	$(BIN)/python -m scripts.render.plot_quality
	$(BIN)/python -m scripts.render.plot_learning
	$(BIN)/python -m scripts.render.documents

# Needs yosys, Icarus Verilog and Verilator; where apt-get is, it fetches what is missing. Synthesises only what was not
# measured on the circuit as it is; all of it takes hours.
silicon: $(READY)  ## the circuit of every silicon model: simulated, linted, synthesised for docs/silicon.md
	.ci/tools verilator iverilog yosys
	$(BIN)/python -m pytest -m silicon tests/test_rtl_models.py
	$(BIN)/pip install --quiet -e '.[silicon]'
	$(BIN)/python -m scripts.measure.silicon
	$(BIN)/python -m scripts.render.documents

demo: demo/.venv/.ready  ## upscale a shipped photo with the shipped model, in a venv of its own
	demo/.venv/bin/python -m scripts.dev.demo samples/kitten.png demo

demo/.venv/.ready: $(DEMO_SOURCES)
	test -x demo/.venv/bin/python || $(PYTHON) -m venv demo/.venv
	demo/.venv/bin/pip install --quiet .
	@touch $@

clean:  ## remove what the targets made, except trained models
	rm -rf .venv demo build dist .pytest_cache .ruff_cache .hypothesis
