// Section 2 of the specification: the code and the fraction of a signal, the fraction as three
// digits: fraction = 16 * high + 4 * middle + low, with high 0 to 2 and the others -2 to 1 (two's
// complement).
module iqlut_curve #(
    parameter int CODE_BITS = 3,
    parameter logic [16*256-1:0] CURVE = '0  // 64 * code + digits for each signal
) (
    input  logic [7:0]           signal,
    output logic [CODE_BITS-1:0] code,
    output logic [5:0]           digits  // high, middle, low
);
    logic [15:0] element;
    logic        unused;
    assign element = CURVE[{signal, 4'd0} +: 16];
    assign {code, digits} = element[CODE_BITS+5:0];
    assign unused = ^element;
endmodule
