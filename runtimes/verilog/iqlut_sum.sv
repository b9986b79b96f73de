// The sum of COUNT blends, by a tree of adders. Latency: a clock for each level of the tree with
// PIPELINE, one clock without.
module iqlut_sum #(
    parameter int COUNT = 24,
    parameter int BITS = 18,
    parameter int PIPELINE = 1
) (
    input  logic                   clock,
    input  logic [13*COUNT-1:0]    blends,
    output logic signed [BITS-1:0] sum
);
    localparam int LEVELS = $clog2(COUNT);
    for (genvar n = 0; n <= LEVELS; n++) begin : level
        logic [BITS*(2**(LEVELS-n))-1:0] values;
        for (genvar at = 0; at < 2 ** (LEVELS - n); at++) begin : one
            if (n > 0) begin : pair
                logic signed [BITS-1:0] result;
                assign result = $signed(level[n-1].values[BITS*2*at +: BITS])
                                + $signed(level[n-1].values[BITS*(2*at+1) +: BITS]);
                iqlut_delay #(.BITS(BITS), .CLOCKS(PIPELINE)) register (
                    .clock(clock), .enable(1'b1), .in(result), .out(values[BITS*at +: BITS])
                );
            end else if (at < COUNT) begin : leaf
                assign values[BITS*at +: BITS] = BITS'($signed(blends[13*at +: 13]));
            end else begin : none
                assign values[BITS*at +: BITS] = '0;
            end
        end
    end
    iqlut_delay #(.BITS(BITS), .CLOCKS(1 - PIPELINE)) last (
        .clock(clock), .enable(1'b1), .in(level[LEVELS].values), .out(sum)
    );
endmodule
