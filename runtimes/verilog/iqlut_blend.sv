// arithmetic.blend of one tap of one channel, for one output in each step, above its least value:
// 32 * entry[code] + fraction * (entry[code + 1] - entry[code]) + 21.
//
// ENTRIES has 8 bits for each level of each step, the levels of a step one after the other, above
// the least of them; RISE is the greatest. A row is a step and a code; rows that no code reaches
// are x, from which synthesis gains. With digits from -2 to 1, each digit costs one row of adders,
// and the one that completes a two's complement goes to a bit that is free.
//
// `a - ~b` is `a + b + 1`. The multiple of the difference is subtracted, because yosys then chooses
// it in the LUTs of the carry chain; for a sum it takes LUTs of its own. The ones that come with it
// weigh 16 + 4 + 1 = 21, and iqlut_requantise takes them off. Latency: 3 * PIPELINE clocks.
module iqlut_blend #(
    parameter int CODE_BITS = 3,
    parameter int STEPS = 8,
    parameter int LEVELS = 7,
    parameter int PIPELINE = 1,
    parameter int RISE = 255,
    parameter logic [8*LEVELS*STEPS-1:0] ENTRIES = '0,
    localparam int ROW_BITS = $clog2(STEPS) + CODE_BITS
) (
    input  logic                clock,
    input  logic [ROW_BITS-1:0] row,
    input  logic [1:0]          high,    // one register later than `row` with PIPELINE
    input  logic [1:0]          middle,  // likewise
    input  logic [1:0]          low,     // two registers later than `row`
    output logic [12:0]         blend
);
    localparam int ROWS = 2 ** ROW_BITS;
    localparam int CODES = 2 ** CODE_BITS;
    localparam int BITS = (RISE > 1) ? $clog2(RISE + 1) : 1;  // of an entry
    localparam int WORD = 2 * BITS + 1;

    // Each row: the entry at its code in the lower BITS, and above it the step to the next level.
    logic [WORD-1:0] rows [ROWS];
    initial begin
        for (int at = 0; at < ROWS; at++) rows[at] = {WORD{1'bx}};
        for (int at = 0; at < STEPS; at++) begin
            for (int code = 0; code < LEVELS - 1; code++) begin
                rows[at*CODES+code] = {
                    {1'b0, ENTRIES[8*(at*LEVELS+code)+8 +: BITS]}
                    - {1'b0, ENTRIES[8*(at*LEVELS+code) +: BITS]},
                    ENTRIES[8*(at*LEVELS+code) +: BITS]
                };
            end
        end
    end

    logic [BITS-1:0]      entry;
    logic signed [BITS:0] difference, difference_later;
    iqlut_delay #(.BITS(WORD), .CLOCKS(PIPELINE)) read (
        .clock(clock), .enable(1'b1), .in(rows[row]), .out({difference, entry})
    );

    // halves = 2 * entry + high * difference + 1; eighths = 4 * halves + middle * difference + 1
    logic [BITS:0]   halves, times_high;
    logic [BITS+2:0] eighths, eighths_sum;
    logic [BITS+4:0] times_middle;
    logic            unused;
    assign unused = ^times_middle;
    assign times_high = high[1] ? {difference[BITS-1:0], 1'b0} : high[0] ? difference : '0;
    assign halves = {entry, 1'b0} - ~times_high;
    assign times_middle = times_digit(difference, middle);
    assign eighths_sum = {halves, 1'b0, middle[1]} - ~times_middle[BITS+2:0];
    iqlut_delay #(.BITS(2 * BITS + 4), .CLOCKS(PIPELINE)) first_digits (
        .clock(clock), .enable(1'b1),
        .in({eighths_sum, difference}), .out({eighths, difference_later})
    );

    logic [BITS+4:0] sum, blend_bits, times_low;
    assign times_low = times_digit(difference_later, low);
    assign sum = {eighths, 1'b0, low[1]} - ~times_low;
    iqlut_delay #(.BITS(BITS + 5), .CLOCKS(PIPELINE)) last_digit (
        .clock(clock), .enable(1'b1), .in(sum), .out(blend_bits)
    );
    assign blend = 13'(blend_bits);

    // digit * value, less 1 if the digit is negative
    function automatic logic [BITS+4:0] times_digit(input logic signed [BITS:0] value,
                                                    input logic [1:0] digit);
        logic signed [BITS+4:0] wide;
        wide = {{4{value[BITS]}}, value};
        case (digit)
            2'b00: times_digit = '0;
            2'b01: times_digit = wide;
            2'b10: times_digit = ~{wide[BITS+3:0], 1'b0};
            default: times_digit = ~wide;
        endcase
    endfunction
endmodule
