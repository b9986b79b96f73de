// Section 2 of the specification for the signals of a column: looks their places on the curve up, a
// part of the channels in each clock, and then holds all of them while a pixel is computed.
//
// One clock after the last part, `active` is high for STEPS clocks, in which `step` counts from 0.
module iqlut_positions #(
    parameter int LAYER = 1,
    parameter int CLOCKS = 8,
    parameter int KERNEL = 3,
    parameter int CHANNELS = 8,
    parameter int CODE_BITS = 3,
    parameter int STEPS = 8,
    parameter int STEP_BITS = 3,
    parameter int SIDE_BITS = 64
) (
    input  logic                                     clock,
    input  logic                                     reset,
    input  logic                                     in_tick,
    input  logic [iqlut_tags::BITS-1:0]              in_tags,
    input  logic [8*CHANNELS*KERNEL-1:0]             in_column,
    input  logic [SIDE_BITS-1:0]                     in_side,  // passed on beside the positions
    output logic                                     active,
    output logic [STEP_BITS-1:0]                     step,
    output logic [iqlut_tags::BITS-1:0]              tags,
    output logic [iqlut_tags::BITS-1:0]              tags_previous,  // of the pixel before
    output logic [SIDE_BITS-1:0]                     side,
    output logic [(CODE_BITS+6)*CHANNELS*KERNEL-1:0] positions
);
    localparam int PART = (CHANNELS + CLOCKS - 1) / CLOCKS;   // channels in a clock
    localparam int PARTS = (CHANNELS + PART - 1) / PART;      // clocks
    localparam int POSITION = CODE_BITS + 6;

    logic [PARTS:0]              busy;  // bit n: n clocks after `pending` was loaded
    logic [iqlut_tags::BITS-1:0] tags_pending, tags_found;
    logic [SIDE_BITS-1:0]        side_pending, side_found;
    logic                        ending;
    assign ending = step == STEP_BITS'(STEPS - 1);

    always_ff @(posedge clock) begin
        busy <= reset ? '0 : (PARTS+1)'({busy, in_tick});
        if (in_tick) {tags_pending, side_pending} <= {in_tags, in_side};
        if (busy[PARTS-1]) {tags_found, side_found} <= {tags_pending, side_pending};
        if (busy[PARTS]) {tags, side} <= {tags_found, side_found};
        if (reset) begin
            active <= 1'b0;
            step <= '0;
            tags[iqlut_tags::REAL] <= 1'b0;
            tags_previous <= '0;
        end else begin
            if (busy[PARTS]) tags_previous <= tags;
            active <= busy[PARTS] | (active & ~ending);
            if (active) step <= ending ? '0 : step + 1'b1;
        end
    end

    for (genvar i = 0; i < KERNEL; i++) begin : row
        logic [8*PART*PARTS-1:0]        pending;
        logic [POSITION*PART*PARTS-1:0] found;
        logic [POSITION*PART-1:0]       part;
        for (genvar c = 0; c < PART; c++) begin : channel
            iqlut_curve #(
                .CODE_BITS(CODE_BITS), .CURVE(iqlut_model::CURVES[16*256*LAYER +: 16*256])
            ) curve (
                .signal(pending[8*c +: 8]),
                .code(part[POSITION*c+6 +: CODE_BITS]), .digits(part[POSITION*c +: 6])
            );
        end
        always_ff @(posedge clock) begin
            if (in_tick) pending <= (8*PART*PARTS)'(in_column[8*CHANNELS*i +: 8*CHANNELS]);
            else pending <= pending >> (8 * PART);
            found <= (POSITION*PART*PARTS)'({part, found} >> (POSITION * PART));
            if (busy[PARTS]) begin
                positions[POSITION*CHANNELS*i +: POSITION*CHANNELS] <=
                    found[0 +: POSITION*CHANNELS];
            end
        end
    end
endmodule
