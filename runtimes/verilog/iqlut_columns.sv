// Section 3 of the specification along a row: adds the sums of the columns left of, at and right of
// a pixel. Columns beyond the border repeat the column at the border. The result belongs to the
// pixel before the one whose column arrives (KERNEL > 1). One clock of latency.
// Each of its KERNEL - 1 adders adds a one more; iqlut_blend says why.
module iqlut_columns #(
    parameter int KERNEL = 3,
    parameter int STEPS = 8,
    parameter int BITS = 18
) (
    input  logic                   clock,
    input  logic                   active,
    input  logic                   first_column,  // the column that arrives begins a row
    input  logic [BITS*KERNEL-1:0] sums,          // of the column that arrives, for each tap column
    output logic [BITS-1:0] acc
);
    logic [BITS-1:0] result;
    always_ff @(posedge clock) acc <= result;

    if (KERNEL == 1) begin : one
        logic unused;
        assign unused = active & first_column;
        assign result = sums;
    end else begin : more
        logic [BITS-1:0] nearer, nearer_previous, right, right_previous;
        assign right = sums[BITS*(KERNEL-1) +: BITS];
        assign result = nearer_previous - ~(first_column ? right_previous : right);
        iqlut_delay #(.BITS(2 * BITS), .CLOCKS(STEPS)) previous (
            .clock(clock), .enable(active),
            .in({nearer, right}), .out({nearer_previous, right_previous})
        );
        if (KERNEL == 2) begin : two
            assign nearer = sums[0 +: BITS];
        end else begin : three
            logic [BITS-1:0] left_previous;
            iqlut_delay #(.BITS(BITS), .CLOCKS(STEPS)) left (
                .clock(clock), .enable(active), .in(sums[0 +: BITS]), .out(left_previous)
            );
            assign nearer = sums[BITS +: BITS]
                            - ~(first_column ? sums[0 +: BITS] : left_previous);
        end
    end
endmodule
