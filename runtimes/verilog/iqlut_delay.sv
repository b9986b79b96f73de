// A signal, delayed by a number of enabled clocks; 0 is a wire.
module iqlut_delay #(
    parameter int BITS = 1,
    parameter int CLOCKS = 1
) (
    input  logic            clock,
    input  logic            enable,
    input  logic [BITS-1:0] in,
    output logic [BITS-1:0] out
);
    if (CLOCKS == 0) begin : wire_only
        logic unused;
        assign unused = clock & enable;
        assign out = in;
    end else begin : registers
        logic [BITS*CLOCKS-1:0] stages;
        always_ff @(posedge clock) begin
            if (enable) stages <= (BITS*CLOCKS)'({stages, in});
        end
        assign out = stages[BITS*(CLOCKS-1) +: BITS];
    end
endmodule
