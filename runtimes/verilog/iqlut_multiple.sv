// digit * factor + addend - 1, where the step chooses factor and addend: a table, each bit of which
// is a LUT of five inputs. Steps that do not exist are x.
//
// Subtract its complement from a sum: `sum - ~multiple` is `sum + multiple + 1`, and iqlut_blend
// says why.
module iqlut_multiple #(
    parameter int STEP_BITS = 3,
    parameter int BITS = 18,
    parameter int SIGNED_DIGIT = 0,  // 1: two's complement
    parameter logic [32*2**STEP_BITS-1:0] FACTORS = '0,
    parameter logic [32*2**STEP_BITS-1:0] ADDENDS = '0
) (
    input  logic [STEP_BITS-1:0]   step,
    input  logic [1:0]             digit,
    output logic signed [BITS-1:0] multiple
);
    // yosys would build an index of a constant of multiplexers, and let a memory take over the
    // registers in front of it.
    logic [31:0] value, times;
    logic        unused;
    always_comb begin
        value = 'x;
        times = 'x;
        for (int at = 0; at < 4 * 2 ** STEP_BITS; at++) begin
            if ({step, digit} == (STEP_BITS+2)'(at)) begin
                times = 32'(at % 4) - ((SIGNED_DIGIT == 1) ? 32'(at % 4 / 2) << 2 : 32'd0);
                value = FACTORS[32*(at/4) +: 32] * times + ADDENDS[32*(at/4) +: 32] - 32'd1;
            end
        end
    end
    assign multiple = BITS'(value);
    assign unused = ^{value, times};
endmodule
