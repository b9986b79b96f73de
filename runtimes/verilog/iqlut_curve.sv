// Section 2 of the specification: the code and the fraction of a signal, the fraction as three
// digits: fraction = 16 * high + 4 * middle + low, with high 0 to 2 and the others -2 to 1 (two's
// complement).
module iqlut_curve #(
    parameter int CODE_BITS = 3,
    parameter logic [16*256-1:0] CURVE = '0  // 256 * fraction + code for each signal
) (
    input  logic [7:0]           signal,
    output logic [CODE_BITS-1:0] code,
    output logic [5:0]           digits  // high, middle, low
);
    logic [15:0] element;
    logic [5:0]  fraction;
    logic [3:0]  quarters;  // (fraction - low) / 4, 0 to 8
    logic [2:0]  high;
    logic        unused;
    assign element = CURVE[{signal, 4'd0} +: 16];
    assign code = element[CODE_BITS-1:0];
    assign fraction = element[13:8];
    assign quarters = fraction[5:2] + 4'(fraction[1]);
    assign high = 3'(quarters[3:2]) + 3'(quarters[1]);
    assign digits = {high[1:0], quarters[1:0], fraction[1:0]};
    assign unused = ^{element, high};
endmodule
