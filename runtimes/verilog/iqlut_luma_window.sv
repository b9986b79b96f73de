// Section 5 of the specification: the 3x3 luma pixels around the pixel that the upsampler passes
// on, which entered LAG lines and LAG pixels before the one that arrives. Borders repeat.
//
// `luma` is valid two clocks after `in_tick`, and in this clock only.
module iqlut_luma_window #(
    parameter int LAG = 9,
    parameter int WIDTH_MAX = 960
) (
    input  logic                        clock,
    input  logic                        reset,
    input  logic                        in_tick,
    input  logic [iqlut_tags::BITS-1:0] in_tags,
    input  logic [7:0]                  in_luma,
    output logic [71:0]                 luma  // the left column first, in it the top pixel
);
    logic                        tick, unused;
    logic [iqlut_tags::BITS-1:0] tags;
    logic [23:0]                 column;
    logic [7:0]                  centre;
    iqlut_window #(.KERNEL(3), .LAG(LAG), .BYTES(1), .PARTS(1), .WIDTH_MAX(WIDTH_MAX)) window (
        .clock(clock), .reset(reset), .in_tick(in_tick), .in_tags(in_tags), .in_part(in_luma),
        .out_tick(tick), .out_tags(tags), .out_column(column), .out_centre(centre)
    );
    assign unused = ^{centre, tags};

    logic [23:0] left, middle, right;
    logic        first, last;
    iqlut_delay #(.BITS(24), .CLOCKS(LAG - 1)) to_right (
        .clock(clock), .enable(tick), .in(column), .out(right)
    );
    iqlut_delay #(.BITS(24), .CLOCKS(1)) to_middle (
        .clock(clock), .enable(tick), .in(right), .out(middle)
    );
    iqlut_delay #(.BITS(24), .CLOCKS(1)) to_left (
        .clock(clock), .enable(tick), .in(middle), .out(left)
    );
    iqlut_delay #(.BITS(2), .CLOCKS(LAG)) flags (
        .clock(clock), .enable(tick),
        .in({tags[iqlut_tags::FIRST_COLUMN], tags[iqlut_tags::LAST_COLUMN]}), .out({first, last})
    );
    assign luma = {last ? middle : right, middle, first ? middle : left};
endmodule
