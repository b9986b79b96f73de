# Runs the test bench on the cases of an export, in the folder of the export:
#     make -f simulate.mk icarus verilator lint style
# ARGUMENTS go to the bench (+send=9 +receive=5: random back pressure); CLOCKS, WIDTH_MAX and so on
# are parameters of the circuit.

SOURCES := iqlut_tags.sv iqlut_model.sv \
  $(filter-out iqlut_tags.sv iqlut_model.sv iqlut_bench.sv,$(sort $(wildcard iqlut_*.sv)))
CASES := +cases=cases.txt +layers=layers.txt
CLOCKS ?= 8
COLUMNS_IN_BEAT ?= 1
PIPELINE ?= 1
WIDTH_MAX ?= 64
BYTES_MAX ?= 1048576
NAMES := CLOCKS COLUMNS_IN_BEAT PIPELINE WIDTH_MAX BYTES_MAX
VERILATOR ?= verilator
OPTIMISE ?= -O1

# Labels of generate blocks are parts of hierarchical names here; constants are in capitals.
VERIBLE ?= verible-verilog-lint
STYLE := -generate-label-prefix,parameter-name-style=localparam_style:ALL_CAPS;parameter_style:ALL_CAPS

.PHONY: icarus verilator lint style

icarus:
	iverilog -g2012 -s iqlut_bench -o icarus.vvp \
	  $(foreach name,$(NAMES),-Piqlut_bench.$(name)=$($(name))) $(SOURCES) iqlut_bench.sv
	vvp -n icarus.vvp $(CASES) $(ARGUMENTS)

verilator:
	$(VERILATOR) --binary --timing -Wno-fatal -Wno-lint --top-module iqlut_bench --Mdir verilated \
	  -o bench $(foreach name,$(NAMES),-G$(name)=$($(name))) -CFLAGS $(OPTIMISE) $(SOURCES) \
	  iqlut_bench.sv >verilator.log 2>&1 || { cat verilator.log; exit 1; }
	verilated/bench $(CASES) $(ARGUMENTS)

lint:
	$(VERILATOR) --lint-only -Wall --top-module iqlut_upscaler $(SOURCES)

style:
	$(VERIBLE) '--rules=$(STYLE)' $(SOURCES) iqlut_bench.sv
