// Section 5 of the specification for one lane: the bilinear base of one phase in each step, times
// (2 * SCALE)^2, from the 3x3 luma pixels around. One clock of latency.
module iqlut_bilinear #(
    parameter int SCALE = 4,
    parameter int LANE = 0,
    parameter int LANES = 2,
    parameter int STEPS = 8,
    parameter int STEP_BITS = 3
) (
    input  logic                 clock,
    input  logic [STEP_BITS-1:0] step,
    input  logic [71:0]          luma,  // the left column first, in it the top pixel
    output logic [13:0]          base
);
    // Of a phase: the weight in the centre (4 bits), that of the outer pixel (2), is it the lower
    // one.
    function automatic logic [6:0] weights(input int phase);
        // The upper bits are 0.
        // verilator lint_off UNUSEDSIGNAL
        int offset, outer, centre;
        // verilator lint_on UNUSEDSIGNAL
        offset = 2 * phase + 1 - SCALE;
        outer = (offset < 0) ? -offset : offset;
        centre = 2 * SCALE - outer;
        weights = {centre[3:0], outer[1:0], offset >= 0};
    endfunction

    // For each step: the weights of the row phase, then those of the column phase.
    function automatic logic [16*2**STEP_BITS-1:0] of_steps();
        int at;
        of_steps = {16*2**STEP_BITS{1'bx}};
        for (at = 0; at < STEPS; at++) begin
            of_steps[16*at +: 14] = {weights(((at * LANES + LANE) / SCALE) % SCALE),
                                     weights((at * LANES + LANE) % SCALE)};
        end
    endfunction
    localparam logic [16*2**STEP_BITS-1:0] WEIGHTS = of_steps();

    logic [3:0] row_centre, column_centre;
    logic [1:0] row_outer, column_outer;
    logic       lower, right;
    assign {row_centre, row_outer, lower, column_centre, column_outer, right} =
        WEIGHTS[{step, 4'd0} +: 14];

    logic [23:0] centre, beside;
    assign centre = luma[24 +: 24];
    assign beside = right ? luma[48 +: 24] : luma[0 +: 24];

    // arithmetic.bilinear down a column
    function automatic logic [10:0] down(input logic [23:0] column, input logic [3:0] weight,
                                         input logic [1:0] outer_weight, input logic below);
        logic [7:0] outer;
        outer = below ? column[23:16] : column[7:0];
        down = 11'(weight) * 11'(column[15:8]) + 11'(outer_weight) * 11'(outer);
    endfunction

    logic [13:0] centre_part, outer_part;
    assign centre_part = 14'(column_centre) * 14'(down(centre, row_centre, row_outer, lower));
    assign outer_part = 14'(column_outer) * 14'(down(beside, row_centre, row_outer, lower));
    always_ff @(posedge clock) base <= centre_part + outer_part;
endmodule
