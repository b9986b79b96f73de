// arithmetic.blend of one tap of one channel, for one output in each step:
// 32 * entry[code] + fraction * (entry[code + 1] - entry[code]).
//
// ENTRIES has 8 bits for each level of each step, the levels of a step one after the other. A row
// is a step and a code; rows that no code reaches are x, from which synthesis gains. With digits
// from -2 to 1, each digit costs one row of adders, and the one that completes a two's complement
// goes to a bit that is free. Latency: 3 * PIPELINE clocks.
module iqlut_blend #(
    parameter int CODE_BITS = 3,
    parameter int STEPS = 8,
    parameter int LEVELS = 7,
    parameter int PIPELINE = 1,
    parameter logic [8*LEVELS*STEPS-1:0] ENTRIES = '0,
    localparam int ROW_BITS = $clog2(STEPS) + CODE_BITS
) (
    input  logic                clock,
    input  logic [ROW_BITS-1:0] row,
    input  logic [1:0]          high,    // one register later than `row` with PIPELINE
    input  logic [1:0]          middle,  // likewise
    input  logic [1:0]          low,     // two registers later than `row`
    output logic signed [12:0]  blend
);
    localparam int ROWS = 2 ** ROW_BITS;
    localparam int CODES = 2 ** CODE_BITS;

    // For each row: the entry at its code in the lower 8 bits, then the step to the next level in
    // 9.
    function automatic logic [32*ROWS-1:0] rows();
        rows = {32*ROWS{1'bx}};
        for (int step = 0; step < STEPS; step++) begin
            for (int code = 0; code < LEVELS - 1; code++) begin
                rows[32*(step*CODES+code) +: 17] = {
                    {ENTRIES[8*(step*LEVELS+code)+15], ENTRIES[8*(step*LEVELS+code)+8 +: 8]}
                    - {ENTRIES[8*(step*LEVELS+code)+7], ENTRIES[8*(step*LEVELS+code) +: 8]},
                    ENTRIES[8*(step*LEVELS+code) +: 8]
                };
            end
        end
    endfunction
    localparam logic [32*ROWS-1:0] TABLE = rows();

    logic signed [7:0] entry;
    logic signed [8:0] difference, difference_later;
    iqlut_delay #(.BITS(17), .CLOCKS(PIPELINE)) read (
        .clock(clock), .enable(1'b1),
        .in(TABLE[{row, 5'd0} +: 17]), .out({difference, entry})
    );

    // eighths = 8 * entry + (4 * high + middle) * difference
    logic signed [8:0]  halves;
    logic signed [10:0] eighths, eighths_sum;
    assign halves = {entry, 1'b0} + (high[1] ? {difference[7:0], 1'b0}
                                             : high[0] ? difference : 9'd0);
    assign eighths_sum = $signed({halves, 1'b0, middle[1]}) + 11'(times_digit(difference, middle));
    iqlut_delay #(.BITS(20), .CLOCKS(PIPELINE)) first_digits (
        .clock(clock), .enable(1'b1),
        .in({eighths_sum, difference}), .out({eighths, difference_later})
    );

    logic signed [12:0] sum;
    assign sum = $signed({eighths, 1'b0, low[1]}) + 13'(times_digit(difference_later, low));
    iqlut_delay #(.BITS(13), .CLOCKS(PIPELINE)) last_digit (
        .clock(clock), .enable(1'b1), .in(sum), .out(blend)
    );

    // digit * value, less 1 if the digit is negative
    function automatic logic signed [9:0] times_digit(input logic signed [8:0] value,
                                                      input logic [1:0] digit);
        case (digit)
            2'b00: times_digit = 10'sd0;
            2'b01: times_digit = {value[8], value};
            2'b10: times_digit = ~{value, 1'b0};
            default: times_digit = ~{value[8], value};
        endcase
    endfunction
endmodule
