// Sections 2 to 5 of the specification: one layer. It passes a pixel on for each pixel that it
// receives; two pixels must be CLOCKS clocks apart.
//
// `luma` is the 3x3 luma pixels around the pixel that the upsampler passes on; it arrives with the
// column of rows, two clocks after `in_tick`. Blocks take no notice of it.
module iqlut_layer #(
    parameter int LAYER = 1,
    parameter int CLOCKS = 8,
    parameter int WIDTH_MAX = 960,
    parameter int PIPELINE = 1,
    parameter int CHANNELS = 8,
    parameter int OUTPUTS = 8
) (
    input  logic                        clock,
    input  logic                        reset,
    input  logic                        in_tick,
    input  logic [iqlut_tags::BITS-1:0] in_tags,
    input  logic [8*CHANNELS-1:0]       in_pixel,
    input  logic [71:0]                 luma,
    output logic                        out_tick,
    output logic [iqlut_tags::BITS-1:0] out_tags,
    output logic [8*OUTPUTS-1:0]        out_pixel
);
    localparam int LAST = (LAYER == iqlut_model::LAYERS - 1) ? 1 : 0;
    localparam int KERNEL = iqlut_model::KERNEL[32*LAYER +: 32];
    localparam int CODE_BITS = $clog2(iqlut_model::LEVELS[32*LAYER +: 32]);
    localparam int BITS = 17 + iqlut_model::ACC_SHIFT[32*LAYER +: 32];
    localparam int LANES = (OUTPUTS + CLOCKS - 1) / CLOCKS;
    localparam int STEPS = (OUTPUTS + LANES - 1) / LANES;
    localparam int STEP_BITS = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam int SIDE_BITS = (LAST == 1) ? 72 : 8 * CHANNELS;
    localparam int SKIP_BITS = (LAST == 1) ? 14 : 8;
    localparam int SUM_CLOCKS = (PIPELINE == 1) ? 3 + $clog2(CHANNELS * KERNEL) : 1;
    localparam int GROUP = (PIPELINE == 1) ? 1 : 4;  // digits of the accumulator in a clock
    localparam int REQUANTISE_CLOCKS = 2 + 8 / GROUP;
    // A one for each adder that subtracts a complement: in iqlut_blend and in iqlut_columns
    localparam int ONES = 21 * CHANNELS * KERNEL * KERNEL + KERNEL - 1;

    logic                               column_tick;
    logic [iqlut_tags::BITS-1:0]        column_tags;
    logic [8*CHANNELS*KERNEL-1:0]       column;
    logic [8*CHANNELS-1:0]              centre;
    iqlut_window #(
        .KERNEL(KERNEL), .LAG(KERNEL / 2), .BYTES(CHANNELS), .WIDTH_MAX(WIDTH_MAX)
    ) window (
        .clock(clock), .reset(reset), .in_tick(in_tick), .in_tags(in_tags), .in_pixel(in_pixel),
        .out_tick(column_tick), .out_tags(column_tags), .out_column(column), .out_centre(centre)
    );

    logic                                     active;
    logic [STEP_BITS-1:0]                     step;
    logic [iqlut_tags::BITS-1:0]              tags, tags_previous;
    logic [SIDE_BITS-1:0]                     side;
    logic [(CODE_BITS+6)*CHANNELS*KERNEL-1:0] positions;
    logic [SIDE_BITS-1:0]                     in_side;
    iqlut_positions #(
        .LAYER(LAYER), .CLOCKS(CLOCKS), .KERNEL(KERNEL), .CHANNELS(CHANNELS),
        .CODE_BITS(CODE_BITS), .STEPS(STEPS), .STEP_BITS(STEP_BITS), .SIDE_BITS(SIDE_BITS)
    ) places (
        .clock(clock), .reset(reset), .in_tick(column_tick), .in_tags(column_tags),
        .in_column(column), .in_side(in_side), .active(active), .step(step), .tags(tags),
        .tags_previous(tags_previous), .side(side), .positions(positions)
    );

    logic [BITS*LANES*KERNEL-1:0] sums;
    iqlut_accumulate #(
        .LAYER(LAYER), .LANES(LANES), .STEPS(STEPS), .PIPELINE(PIPELINE), .KERNEL(KERNEL),
        .CHANNELS(CHANNELS), .CODE_BITS(CODE_BITS), .STEP_BITS(STEP_BITS), .BITS(BITS)
    ) accumulate (.clock(clock), .step(step), .positions(positions), .sums(sums));

    // What belongs to a step follows it through the stages below.
    logic [SUM_CLOCKS+REQUANTISE_CLOCKS+1:1] active_later;
    logic [SUM_CLOCKS+REQUANTISE_CLOCKS+1:0] active_after;  // bit n: n clocks after `active`
    logic [STEP_BITS-1:0]                    step_of_sums, step_of_acc;
    logic                                    first_column, unused;
    assign active_after = {active_later, active};
    always_ff @(posedge clock) begin
        active_later <= reset ? '0 : active_after[SUM_CLOCKS+REQUANTISE_CLOCKS:0];
    end
    iqlut_delay #(.BITS(STEP_BITS + 1), .CLOCKS(SUM_CLOCKS)) with_sums (
        .clock(clock), .enable(1'b1), .in({step, tags[iqlut_tags::FIRST_COLUMN]}),
        .out({step_of_sums, first_column})
    );
    iqlut_delay #(.BITS(STEP_BITS), .CLOCKS(1)) with_acc (
        .clock(clock), .enable(1'b1), .in(step_of_sums), .out(step_of_acc)
    );

    logic [8*LANES-1:0] signals;
    for (genvar lane = 0; lane < LANES; lane++) begin : output_lane
        logic [BITS*KERNEL-1:0] sums_of_lane;
        logic [BITS-1:0]        acc;
        logic [SKIP_BITS-1:0]   skip_of_acc;
        for (genvar j = 0; j < KERNEL; j++) begin : column_of_taps
            assign sums_of_lane[BITS*j +: BITS] = sums[BITS*(j*LANES+lane) +: BITS];
        end
        iqlut_columns #(.KERNEL(KERNEL), .STEPS(STEPS), .BITS(BITS)) columns (
            .clock(clock), .active(active_after[SUM_CLOCKS]), .first_column(first_column),
            .sums(sums_of_lane), .acc(acc)
        );
        if (LAST == 1) begin : bilinear_base
            logic [13:0] base;
            iqlut_bilinear #(
                .SCALE(iqlut_model::SCALE), .LANE(lane), .LANES(LANES), .STEPS(STEPS),
                .STEP_BITS(STEP_BITS)
            ) bilinear (.clock(clock), .step(step), .luma(side), .base(base));
            iqlut_delay #(.BITS(14), .CLOCKS(SUM_CLOCKS)) with_acc (
                .clock(clock), .enable(1'b1), .in(base), .out(skip_of_acc)
            );
        end else begin : own_input
            // arithmetic.skip_signal: the input of the same channel, or the only input
            logic [7:0] skip_signal, skip_of_sums, skip_previous;
            if (CHANNELS == 1) begin : only
                assign skip_signal = side;
            end else if (CHANNELS == OUTPUTS) begin : same
                logic [8*LANES*2**STEP_BITS-1:0] padded;
                assign padded = (8*LANES*2**STEP_BITS)'(side);
                assign skip_signal = padded[8*(32'(step)*LANES+lane) +: 8];
            end else begin : none
                assign skip_signal = '0;
            end
            iqlut_delay #(.BITS(8), .CLOCKS(SUM_CLOCKS)) with_sums (
                .clock(clock), .enable(1'b1), .in(skip_signal), .out(skip_of_sums)
            );
            iqlut_delay #(.BITS(8), .CLOCKS((KERNEL > 1) ? STEPS : 0)) previous (
                .clock(clock), .enable(active_after[SUM_CLOCKS]),
                .in(skip_of_sums), .out(skip_previous)
            );
            iqlut_delay #(.BITS(8), .CLOCKS(1)) with_acc (
                .clock(clock), .enable(1'b1), .in(skip_previous), .out(skip_of_acc)
            );
        end
        iqlut_requantise #(
            .LAYER(LAYER), .LANE(lane), .LANES(LANES), .STEPS(STEPS), .STEP_BITS(STEP_BITS),
            .BITS(BITS), .ONES(ONES), .SKIP_BITS(SKIP_BITS), .GROUP(GROUP)
        ) requantise (
            .clock(clock), .step(step_of_acc), .acc(acc), .skip_signal(skip_of_acc),
            .signal(signals[8*lane +: 8])
        );
    end

    // The signals of all steps make the pixel.
    localparam int SIGNALS_CLOCKS = SUM_CLOCKS + 1 + REQUANTISE_CLOCKS;
    logic [8*LANES*STEPS-1:0]    pixel;
    logic [iqlut_tags::BITS-1:0] tags_of_signals;
    iqlut_delay #(.BITS(iqlut_tags::BITS), .CLOCKS(SIGNALS_CLOCKS)) with_signals (
        .clock(clock), .enable(1'b1), .in((KERNEL > 1) ? tags_previous : tags),
        .out(tags_of_signals)
    );
    logic ended;
    iqlut_delay #(.BITS(1), .CLOCKS(SIGNALS_CLOCKS)) end_of_steps (
        .clock(clock), .enable(1'b1), .in(step == STEP_BITS'(STEPS - 1)), .out(ended)
    );
    always_ff @(posedge clock) begin
        if (active_after[SIGNALS_CLOCKS]) begin
            pixel <= (8*LANES*STEPS)'({signals, pixel} >> (8 * LANES));
        end
        out_tick <= !reset && active_after[SIGNALS_CLOCKS] && ended;
        out_tags <= tags_of_signals;
    end
    assign out_pixel = pixel[0 +: 8*OUTPUTS];

    if (LAST == 1) begin : luma_beside
        assign in_side = luma;
        assign unused = ^centre;
    end else begin : input_beside
        assign in_side = centre;
        assign unused = ^luma;
    end
endmodule
