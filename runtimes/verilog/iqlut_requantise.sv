// Section 4 of the specification for one lane: the accumulator and the skip signal of an output
// become its signal. The constants are chosen by the step. Four clocks of latency.
module iqlut_requantise #(
    parameter int LAYER = 1,
    parameter int LANE = 0,
    parameter int LANES = 1,
    parameter int STEPS = 8,
    parameter int STEP_BITS = 3,
    parameter int BITS = 18,
    parameter int SKIP_BITS = 8
) (
    input  logic                   clock,
    input  logic [STEP_BITS-1:0]   step,
    input  logic signed [BITS-1:0] acc,
    input  logic [SKIP_BITS-1:0]   skip_signal,
    output logic [7:0]             signal
);
    localparam int ACC_SHIFT = iqlut_model::ACC_SHIFT[32*LAYER +: 32];
    localparam int SHIFT = iqlut_model::SHIFT[32*LAYER +: 32];
    localparam int OUTPUTS = iqlut_model::CHANNELS[32*(LAYER+1) +: 32];
    localparam int LAST = (LAYER == iqlut_model::LAYERS - 1) ? 1 : 0;
    localparam int REPEATED = (LAST == 1) ? 1 : iqlut_model::SYMMETRY;
    localparam int BASE = iqlut_model::CONSTANTS_BASE[32*LAYER +: 32];

    // For each step: gain (16 bits), skip (16), bias (32).
    function automatic logic [64*2**STEP_BITS-1:0] constants();
        constants = {64*2**STEP_BITS{1'bx}};
        for (int at = 0; at < STEPS; at++) begin
            if (at * LANES + LANE < OUTPUTS) begin
                constants[64*at +: 64] =
                    iqlut_model::CONSTANTS[64*(BASE+(at*LANES+LANE)/REPEATED) +: 64];
            end
        end
    endfunction
    localparam logic [64*2**STEP_BITS-1:0] OF_STEPS = constants();

    // arithmetic.round_shift
    localparam logic signed [BITS:0] HALF = (BITS+1)'((1 << ACC_SHIFT) >> 1);
    logic signed [BITS:0]      raised, rounded;
    logic signed [15:0]        acc16, gain, skip;
    logic signed [31:0]        bias, acc_product, skip_product, total, shifted;
    logic signed [SKIP_BITS:0] skip_input;
    assign raised = (BITS+1)'(acc) + HALF;
    assign rounded = raised >>> ACC_SHIFT;
    assign shifted = total >>> SHIFT;

    always_ff @(posedge clock) begin
        acc16 <= rounded[15:0];
        {bias, skip, gain} <= OF_STEPS[{step, 6'd0} +: 64];
        skip_input <= {1'b0, skip_signal};

        acc_product <= acc16 * gain;
        skip_product <= 32'(skip_input) * 32'(skip) + bias;

        total <= acc_product + skip_product;

        if (shifted < 0) signal <= 8'd0;
        else if (shifted > 255) signal <= 8'd255;
        else signal <= shifted[7:0];
    end
    logic unused;
    assign unused = ^rounded;
endmodule
