// The rows under a kernel: keeps the latest rows of a signal and gives, for each part of a pixel
// that arrives, that part of the pixels of its column in KERNEL rows. Rows beyond the border repeat
// the row at the border.
//
// The first part of a pixel arrives with `in_tick`, the others in the clocks after it; `out_tick`
// follows two clocks later. The kernel is centred LAG rows before the row that arrives.
module iqlut_window #(
    parameter int KERNEL = 3,
    parameter int LAG = 1,
    parameter int BYTES = 1,  // of a part
    parameter int PARTS = 8,  // of a pixel
    parameter int WIDTH_MAX = 960
) (
    input  logic                        clock,
    input  logic                        reset,
    input  logic                        in_tick,
    input  logic [iqlut_tags::BITS-1:0] in_tags,
    input  logic [8*BYTES-1:0]          in_part,
    output logic                        out_tick,
    output logic [iqlut_tags::BITS-1:0] out_tags,    // of the pixel in the centre
    output logic [8*BYTES*KERNEL-1:0]   out_column,  // from the top row, which has the lowest bits
    output logic [8*BYTES-1:0]          out_centre
);
    localparam int PART = 8 * BYTES;
    localparam int ROWS = (KERNEL == 3) ? LAG + 1 : LAG;  // that are kept
    localparam int DEPTH = WIDTH_MAX * PARTS;
    localparam int ADDRESS_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;

    logic [PARTS:1]              later;
    logic [PARTS:0]              arriving;  // bit n: part n arrives; bit PARTS: the last one has
    logic                        reads, writes;
    logic [iqlut_tags::BITS-1:0] tags;
    logic [PART-1:0]             part;
    assign arriving = {later, in_tick};
    assign reads = arriving[PARTS-1:0] != '0;
    assign writes = arriving[PARTS:1] != '0;
    always_ff @(posedge clock) begin
        later <= reset ? '0 : arriving[PARTS-1:0];
        if (in_tick) tags <= in_tags;
        part <= in_part;
        out_tick <= arriving[1] && !reset;
    end

    // Row 0 is the row that arrives, row n the row n lines above it.
    logic [PART*(ROWS+1)-1:0] rows;
    logic [2*(ROWS+1)-1:0]     real_first;  // for each row: is it real, is it the first
    assign rows[0 +: PART] = part;

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
        logic [PART*ROWS-1:0]   memory [DEPTH];
        logic [PART*ROWS-1:0]   older;
        logic [ADDRESS_BITS-1:0] next_address, address, write_address;
        assign address = (in_tick && in_tags[iqlut_tags::FIRST_COLUMN]) ? '0 : next_address;
        assign rows[PART +: PART*ROWS] = older;
        always_ff @(posedge clock) begin
            if (reads) begin
                older <= memory[address];
                write_address <= address;
                next_address <= address + 1'b1;
            end
            if (writes) memory[write_address] <= rows[0 +: PART*ROWS];
        end
    end

    logic [PART-1:0] centre;
    logic             centre_real, centre_first;
    assign centre = rows[PART*LAG +: PART];
    assign {centre_real, centre_first} = real_first[2*LAG +: 2];

    logic [PART*KERNEL-1:0] column;
    if (KERNEL == 1) begin : one_row
        assign column = centre;
    end else begin : more_rows
        logic [PART-1:0] below;
        assign below = real_first[2*(LAG-1)+1] ? rows[PART*(LAG-1) +: PART] : centre;
        if (KERNEL == 2) begin : two_rows
            assign column = {below, centre};
        end else begin : three_rows
            logic [PART-1:0] above;
            assign above = centre_first ? centre : rows[PART*(LAG+1) +: PART];
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
