// digit * factor + addend - 1, where the step chooses factor and addend: a table, of which each bit
// is a LUT with five inputs. Steps that do not exist are x.
//
// Subtract the complement of the multiple from a sum: `sum - ~multiple` is `sum + multiple + 1`.
// iqlut_blend says why.
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
    localparam int CHOICES = 4 * 2 ** STEP_BITS;

    // Bit n of every choice
    function automatic logic [CHOICES-1:0] column(input int n);
        logic [31:0] value;
        for (int at = 0; at < CHOICES; at++) begin
            value = ADDENDS[32*(at/4) +: 32] - 32'd1 + 32'(at % 4) * FACTORS[32*(at/4) +: 32];
            if (SIGNED_DIGIT == 1 && at % 4 > 1) value = value - (FACTORS[32*(at/4) +: 32] << 2);
            column[at] = value[n];
        end
    endfunction

    // A shift, because yosys makes multiplexers of an index.
    for (genvar n = 0; n < BITS; n++) begin : bit_of_multiple
        localparam logic [CHOICES-1:0] COLUMN = column(n);
        assign multiple[n] = 1'(COLUMN >> {step, digit});
    end
endmodule
