// Section 2 of the specification for the signals of a column: looks the places of each part of a
// pixel up on the curve as it arrives, and holds all of them while a pixel is computed.
//
// With the last part `loads` is high, and after it `active` for STEPS clocks, in which `step`
// counts from 0.
module iqlut_positions #(
    parameter int LAYER = 1,
    parameter int KERNEL = 3,
    parameter int CHANNELS = 8,
    parameter int PART = 1,   // channels of a part
    parameter int PARTS = 8,  // of a pixel
    parameter int CODE_BITS = 3,
    parameter int STEPS = 8,
    parameter int STEP_BITS = 3
) (
    input  logic                                     clock,
    input  logic                                     reset,
    input  logic                                     in_tick,
    input  logic [iqlut_tags::BITS-1:0]              in_tags,
    input  logic [8*PART*KERNEL-1:0]                 in_column,
    output logic                                     loads,
    output logic                                     active,
    output logic [STEP_BITS-1:0]                     step,
    output logic [iqlut_tags::BITS-1:0]              tags,
    output logic [iqlut_tags::BITS-1:0]              tags_previous,  // of the pixel before
    output logic [(CODE_BITS+6)*CHANNELS*KERNEL-1:0] positions
);
    localparam int POSITION = CODE_BITS + 6;
    localparam int FOUND = POSITION * PART * PARTS;

    logic [PARTS:1]   later;
    logic [PARTS:0]   arriving;  // bit n: part n arrives
    logic             ending;
    assign arriving = {later, in_tick};
    assign loads = arriving[PARTS-1];
    assign ending = step == STEP_BITS'(STEPS - 1);

    always_ff @(posedge clock) begin
        later <= reset ? '0 : arriving[PARTS-1:0];
        if (loads) tags <= in_tags;
        if (reset) begin
            active <= 1'b0;
            step <= '0;
            tags[iqlut_tags::REAL] <= 1'b0;
            tags_previous <= '0;
        end else begin
            if (loads) tags_previous <= tags;
            active <= loads | (active & ~ending);
            if (active) step <= ending ? '0 : step + 1'b1;
        end
    end

    for (genvar i = 0; i < KERNEL; i++) begin : row
        logic [POSITION*PART-1:0] part;
        logic [FOUND-1:0]         found, found_before;
        for (genvar c = 0; c < PART; c++) begin : channel
            iqlut_curve #(
                .CODE_BITS(CODE_BITS), .CURVE(iqlut_model::CURVES[16*256*LAYER +: 16*256])
            ) curve (
                .signal(in_column[8*(PART*i+c) +: 8]),
                .code(part[POSITION*c+6 +: CODE_BITS]), .digits(part[POSITION*c +: 6])
            );
        end
        assign found = FOUND'({part, found_before} >> (POSITION * PART));
        always_ff @(posedge clock) begin
            found_before <= found;
            if (loads) begin
                positions[POSITION*CHANNELS*i +: POSITION*CHANNELS] <=
                    found[0 +: POSITION*CHANNELS];
            end
        end
    end
endmodule
