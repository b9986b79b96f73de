// The rows under a kernel: keeps the latest rows of a signal and gives, for each pixel that
// arrives, the pixels of its column in KERNEL rows. Rows beyond the border repeat the row at the
// border.
//
// The kernel is centred LAG rows before the row that arrives. Two clocks from `in_tick` to
// `out_tick`.
module iqlut_window #(
    parameter int KERNEL = 3,
    parameter int LAG = 1,
    parameter int BYTES = 8,
    parameter int WIDTH_MAX = 960
) (
    input  logic                        clock,
    input  logic                        reset,
    input  logic                        in_tick,
    input  logic [iqlut_tags::BITS-1:0] in_tags,
    input  logic [8*BYTES-1:0]          in_pixel,
    output logic                        out_tick,
    output logic [iqlut_tags::BITS-1:0] out_tags,    // of the pixel in the centre
    output logic [8*BYTES*KERNEL-1:0]   out_column,  // from the top row, which has the lowest bits
    output logic [8*BYTES-1:0]          out_centre
);
    localparam int PIXEL = 8 * BYTES;
    localparam int ROWS = (KERNEL == 3) ? LAG + 1 : LAG;  // that are kept
    localparam int ADDRESS_BITS = (WIDTH_MAX > 1) ? $clog2(WIDTH_MAX) : 1;

    logic                        tick;
    logic [iqlut_tags::BITS-1:0] tags;
    logic [PIXEL-1:0]            pixel;
    always_ff @(posedge clock) begin
        tick <= in_tick && !reset;
        tags <= in_tags;
        pixel <= in_pixel;
        out_tick <= tick && !reset;
    end

    // Row 0 is the row that arrives, row n the row n lines above it.
    logic [PIXEL*(ROWS+1)-1:0] rows;
    logic [2*(ROWS+1)-1:0]     real_first;  // for each row: is it real, is it the first
    assign rows[0 +: PIXEL] = pixel;

    always_ff @(posedge clock) begin
        if (reset) begin
            real_first <= '0;
        end else if (in_tick && in_tags[iqlut_tags::FIRST_COLUMN]) begin
            real_first <= (2*(ROWS+1))'({
                real_first, in_tags[iqlut_tags::REAL], in_tags[iqlut_tags::FIRST_ROW]
            });
        end
    end

    if (ROWS > 0) begin : kept
        logic [PIXEL*ROWS-1:0]   memory [0:WIDTH_MAX-1];
        logic [PIXEL*ROWS-1:0]   older;
        logic [ADDRESS_BITS-1:0] next_address, address, write_address;
        assign address = in_tags[iqlut_tags::FIRST_COLUMN] ? '0 : next_address;
        assign rows[PIXEL +: PIXEL*ROWS] = older;
        always_ff @(posedge clock) begin
            if (in_tick) begin
                older <= memory[address];
                write_address <= address;
                next_address <= address + 1'b1;
            end
            if (tick) memory[write_address] <= rows[0 +: PIXEL*ROWS];
        end
    end

    logic [PIXEL-1:0] centre;
    logic             centre_real, centre_first;
    assign centre = rows[PIXEL*LAG +: PIXEL];
    assign {centre_real, centre_first} = real_first[2*LAG +: 2];

    logic [PIXEL*KERNEL-1:0] column;
    if (KERNEL == 1) begin : one_row
        assign column = centre;
    end else begin : more_rows
        logic [PIXEL-1:0] below;
        assign below = real_first[2*(LAG-1)+1] ? rows[PIXEL*(LAG-1) +: PIXEL] : centre;
        if (KERNEL == 2) begin : two_rows
            assign column = {below, centre};
        end else begin : three_rows
            logic [PIXEL-1:0] above;
            assign above = centre_first ? centre : rows[PIXEL*(LAG+1) +: PIXEL];
            assign column = {below, centre, above};
        end
    end

    always_ff @(posedge clock) begin
        out_column <= column;
        out_centre <= centre;
        out_tags <= tags;
        out_tags[iqlut_tags::REAL] <= centre_real;
        out_tags[iqlut_tags::FIRST_ROW] <= centre_first;
    end
endmodule
