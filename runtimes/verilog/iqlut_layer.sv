// Sections 2 to 5 of the specification: one layer. It passes a pixel on for each pixel that it
// receives; two pixels must be CLOCKS clocks apart. A pixel of several channels comes and goes in
// parts, one in each clock, and the first one with a tick.
//
// `luma` is the 3x3 luma pixels around the pixel that the upsampler passes on; it arrives with the
// column of rows, two clocks after `in_tick`. Blocks take no notice of it.
module iqlut_layer #(
    parameter int LAYER = 1,
    parameter int CLOCKS = 8,
    parameter int WIDTH_MAX = 960,
    parameter int PIPELINE = 1,
    parameter int CHANNELS = 8,
    parameter int OUTPUTS = 8,
    localparam int PART = (CHANNELS + CLOCKS - 1) / CLOCKS,  // channels in a clock
    localparam int LANES = (OUTPUTS + CLOCKS - 1) / CLOCKS   // outputs in a clock
) (
    input  logic                        clock,
    input  logic                        reset,
    input  logic                        in_tick,
    input  logic [iqlut_tags::BITS-1:0] in_tags,
    input  logic [8*PART-1:0]           in_part,
    input  logic [71:0]                 luma,
    output logic                        out_tick,
    output logic [iqlut_tags::BITS-1:0] out_tags,
    output logic [8*LANES-1:0]          out_part
);
    localparam int LAST = (LAYER == iqlut_model::LAYERS - 1) ? 1 : 0;
    localparam int KERNEL = iqlut_model::KERNEL[32*LAYER +: 32];
    localparam int CODE_BITS = $clog2(iqlut_model::LEVELS[32*LAYER +: 32]);
    localparam int BITS = 17 + iqlut_model::ACC_SHIFT[32*LAYER +: 32];
    localparam int PARTS = (CHANNELS + PART - 1) / PART;
    localparam int STEPS = (OUTPUTS + LANES - 1) / LANES;
    localparam int STEP_BITS = (STEPS > 1) ? $clog2(STEPS) : 1;
    localparam int SKIP_BITS = (LAST == 1) ? 14 : 8;
    localparam int SUM_CLOCKS = (PIPELINE == 1) ? 3 + $clog2(CHANNELS * KERNEL) : 1;
    localparam int GROUP = (PIPELINE == 1) ? 1 : 4;  // digits of the accumulator in a clock
    localparam int REQUANTISE_CLOCKS = 2 + 8 / GROUP;
    // A one for each adder that subtracts a complement: in iqlut_blend and in iqlut_columns
    localparam int ONES = 21 * CHANNELS * KERNEL * KERNEL + KERNEL - 1;

    logic                        column_tick;
    logic [iqlut_tags::BITS-1:0] column_tags;
    logic [8*PART*KERNEL-1:0]    column;
    logic [8*PART-1:0]           centre;
    iqlut_window #(
        .KERNEL(KERNEL), .LAG(KERNEL / 2), .BYTES(PART), .PARTS(PARTS), .WIDTH_MAX(WIDTH_MAX)
    ) window (
        .clock(clock), .reset(reset), .in_tick(in_tick), .in_tags(in_tags), .in_part(in_part),
        .out_tick(column_tick), .out_tags(column_tags), .out_column(column), .out_centre(centre)
    );

    logic                                     loads, active;
    logic [STEP_BITS-1:0]                     step;
    logic [iqlut_tags::BITS-1:0]              tags, tags_previous;
    logic [(CODE_BITS+6)*CHANNELS*KERNEL-1:0] positions;
    iqlut_positions #(
        .LAYER(LAYER), .KERNEL(KERNEL), .CHANNELS(CHANNELS), .PART(PART), .PARTS(PARTS),
        .CODE_BITS(CODE_BITS), .STEPS(STEPS), .STEP_BITS(STEP_BITS)
    ) places (
        .clock(clock), .reset(reset), .in_tick(column_tick), .in_tags(column_tags),
        .in_column(column), .loads(loads), .active(active), .step(step), .tags(tags),
        .tags_previous(tags_previous), .positions(positions)
    );

    logic [BITS*LANES*KERNEL-1:0] sums;
    iqlut_accumulate #(
        .LAYER(LAYER), .LANES(LANES), .STEPS(STEPS), .PIPELINE(PIPELINE), .KERNEL(KERNEL),
        .CHANNELS(CHANNELS), .CODE_BITS(CODE_BITS), .STEP_BITS(STEP_BITS), .BITS(BITS)
    ) accumulate (.clock(clock), .step(step), .positions(positions), .sums(sums));

    // What belongs to a step follows it through the stages below.
    localparam int SIGNALS_CLOCKS = SUM_CLOCKS + 1 + REQUANTISE_CLOCKS;
    logic [SIGNALS_CLOCKS:1] started;
    logic [SIGNALS_CLOCKS:0] starting;  // bit n: n clocks after the first step
    logic                    active_with_sums;
    logic [STEP_BITS-1:0]    step_of_sums, step_of_acc;
    logic                    first_column, unused;
    assign starting = {started, active && step == '0};
    always_ff @(posedge clock) started <= reset ? '0 : starting[SIGNALS_CLOCKS-1:0];
    iqlut_delay #(.BITS(STEP_BITS + 2), .CLOCKS(SUM_CLOCKS)) with_sums (
        .clock(clock), .enable(1'b1), .in({step, tags[iqlut_tags::FIRST_COLUMN], active}),
        .out({step_of_sums, first_column, active_with_sums})
    );
    iqlut_delay #(.BITS(STEP_BITS), .CLOCKS(1)) with_acc (
        .clock(clock), .enable(1'b1), .in(step_of_sums), .out(step_of_acc)
    );

    // The input for the skip signal: the luma around or the only input, held for all steps, or the
    // inputs, of which each part comes as long before its step as there are parts.
    localparam int SIDE_BITS = (LAST == 1) ? 72 : 8 * PART;
    logic [SIDE_BITS-1:0] side;
    if (LAST == 1) begin : luma_around
        logic [71:0] luma_of_column;
        iqlut_delay #(.BITS(72), .CLOCKS((PARTS > 1) ? 1 : 0)) until_last_part (
            .clock(clock), .enable(column_tick), .in(luma), .out(luma_of_column)
        );
        always_ff @(posedge clock) if (loads) side <= luma_of_column;
    end else if (CHANNELS == 1) begin : only_input
        always_ff @(posedge clock) if (loads) side <= centre;
    end else begin : parts_of_inputs
        iqlut_delay #(.BITS(8 * PART), .CLOCKS(PARTS)) until_step (
            .clock(clock), .enable(1'b1), .in(centre), .out(side)
        );
    end

    for (genvar lane = 0; lane < LANES; lane++) begin : output_lane
        logic [BITS*KERNEL-1:0] sums_of_lane;
        logic [BITS-1:0]        acc;
        logic [SKIP_BITS-1:0]   skip_of_acc;
        for (genvar j = 0; j < KERNEL; j++) begin : column_of_taps
            assign sums_of_lane[BITS*j +: BITS] = sums[BITS*(j*LANES+lane) +: BITS];
        end
        iqlut_columns #(.KERNEL(KERNEL), .STEPS(STEPS), .BITS(BITS)) columns (
            .clock(clock), .active(active_with_sums), .first_column(first_column),
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
                assign skip_signal = side[7:0];
            end else if (CHANNELS == OUTPUTS) begin : same
                assign skip_signal = side[8*lane +: 8];
            end else begin : none
                assign skip_signal = '0;
            end
            iqlut_delay #(.BITS(8), .CLOCKS(SUM_CLOCKS)) with_sums (
                .clock(clock), .enable(1'b1), .in(skip_signal), .out(skip_of_sums)
            );
            iqlut_delay #(.BITS(8), .CLOCKS((KERNEL > 1) ? STEPS : 0)) previous (
                .clock(clock), .enable(active_with_sums),
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
            .signal(out_part[8*lane +: 8])
        );
    end

    assign out_tick = starting[SIGNALS_CLOCKS];
    iqlut_delay #(.BITS(iqlut_tags::BITS), .CLOCKS(SIGNALS_CLOCKS)) with_signals (
        .clock(clock), .enable(1'b1), .in((KERNEL > 1) ? tags_previous : tags), .out(out_tags)
    );
    assign unused = ^{centre, luma, side, loads};
endmodule
