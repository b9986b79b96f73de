// Section 3 of the specification for one column of the kernel's rows: for each column j of taps,
// the sum of blends over the input channels and the rows of taps, each as iqlut_blend gives it. In
// each step LANES outputs are computed. No adder is wider than these tables need.
//
// Latency: 3 clocks and one for each level of the tree of adders with PIPELINE, one clock without.
// The tables are read as they are stored. In a symmetric model, `entries_index` finds each entry in
// the stored part (section 8): symmetry is wiring, decided when the circuit is built.
module iqlut_accumulate #(
    parameter int LAYER = 1,
    parameter int LANES = 1,
    parameter int STEPS = 8,
    parameter int PIPELINE = 1,
    parameter int KERNEL = 3,
    parameter int CHANNELS = 8,
    parameter int CODE_BITS = 3,
    parameter int STEP_BITS = 3,
    parameter int BITS = 18
) (
    input  logic                                      clock,
    input  logic [STEP_BITS-1:0]                      step,
    input  logic [(CODE_BITS+6)*CHANNELS*KERNEL-1:0]  positions,  // row 0, channel 0 lowest
    output logic [BITS*LANES*KERNEL-1:0]              sums        // column 0, lane 0 lowest
);
    localparam int SCALE = iqlut_model::SCALE;
    localparam int LEVELS = iqlut_model::LEVELS[32*LAYER +: 32];
    localparam int OUTPUTS = iqlut_model::CHANNELS[32*(LAYER+1) +: 32];
    localparam int LAST = (LAYER == iqlut_model::LAYERS - 1) ? 1 : 0;
    localparam int ORDER = iqlut_model::SYMMETRY;
    localparam int STORED_OUTPUTS = (LAST == 1) ? OUTPUTS : OUTPUTS / ORDER;
    localparam int STORED_CHANNELS = (LAST == 1) ? CHANNELS / ORDER : CHANNELS;
    localparam int BASE = iqlut_model::ENTRIES_BASE[32*LAYER +: 32];
    localparam int COUNT = STORED_CHANNELS * KERNEL * KERNEL * STORED_OUTPUTS;
    localparam int ENTRIES = 8 * LEVELS;  // bits of an output's entries in a tap
    localparam logic [ENTRIES*COUNT-1:0] STORED = iqlut_model::ENTRIES[8*BASE +: ENTRIES*COUNT];
    localparam int TAP_OUTPUTS = CHANNELS * KERNEL * KERNEL * OUTPUTS;
    localparam int RISES_BASE = iqlut_model::RISES_BASE[32*LAYER +: 32];
    localparam logic [8*TAP_OUTPUTS-1:0] RISES = iqlut_model::RISES[8*RISES_BASE +: 8*TAP_OUTPUTS];

    localparam int STEPS_LOG2 = $clog2(STEPS);
    localparam int ROW_BITS = STEPS_LOG2 + CODE_BITS;
    localparam int POSITION = CODE_BITS + 6;

    // symmetry.channels_seen: hexadecimal digit h of row g
    localparam logic [255:0] SEEN =
        256'h0123456710325476320176452310675445760132546710236745230176543210;
    localparam logic [31:0] TRANSFORMS = 32'h74216530;

    // Where an element of a transformed (side, side) array stands before the transform of member g.
    function automatic int place(input int g, input int index, input int side);
        int transform, row, column, swapped;
        transform = {28'd0, TRANSFORMS[4*g +: 4]};
        row = index / side;
        column = index % side;
        if (transform >= 4) begin
            swapped = row;
            row = column;
            column = swapped;
        end
        if (transform % 2 == 1) column = side - 1 - column;
        if ((transform / 2) % 2 == 1) row = side - 1 - row;
        place = row * side + column;
    endfunction

    // Where the entries of a tap of a channel are stored for an output.
    function automatic int entries_index(input int channel, input int tap, input int out);
        int g, stored_channel, stored_out;
        if (LAST == 1) begin
            g = channel % ORDER;
            stored_channel = channel / ORDER;
            stored_out = (ORDER == 1) ? out : place(g, out, SCALE);
        end else begin
            g = out % ORDER;
            stored_channel = channel;
            if (CHANNELS > 1) begin
                stored_channel = channel - channel % ORDER
                                 + {28'd0, SEEN[32*g+4*(channel%ORDER) +: 4]};
            end
            stored_out = out / ORDER;
        end
        entries_index = (stored_channel * KERNEL * KERNEL + place(g, tap, KERNEL)) * STORED_OUTPUTS
                        + stored_out;
    endfunction

    // The entries of a tap of a channel in one lane: of each step; of outputs that do not exist x.
    function automatic logic [ENTRIES*STEPS-1:0] of_steps(input int channel, input int tap,
                                                          input int lane);
        int at;
        of_steps = {ENTRIES*STEPS{1'bx}};
        for (at = 0; at < STEPS; at++) begin
            if (at * LANES + lane < OUTPUTS) begin
                of_steps[ENTRIES*at +: ENTRIES] =
                    STORED[ENTRIES*entries_index(channel, tap, at*LANES+lane) +: ENTRIES];
            end
        end
    endfunction

    // The greatest entry of each tap of each column and lane, over all steps
    localparam int TAPS = CHANNELS * KERNEL;  // in a column
    function automatic logic [8*TAPS*KERNEL*LANES-1:0] greatest_of_taps();
        int channel, tap, out;
        logic [7:0] rise, most;
        for (int at = 0; at < TAPS * KERNEL * LANES; at++) begin
            channel = at % CHANNELS;
            tap = ((at % TAPS) / CHANNELS) * KERNEL + at / (TAPS * LANES);
            most = 8'd0;
            for (int n = 0; n < STEPS; n++) begin
                out = n * LANES + (at / TAPS) % LANES;
                rise = 8'd0;
                if (out < OUTPUTS) rise = RISES[8*((channel*KERNEL*KERNEL+tap)*OUTPUTS+out) +: 8];
                if (rise > most) most = rise;
            end
            greatest_of_taps[8*at +: 8] = most;
        end
    endfunction
    localparam logic [8*TAPS*KERNEL*LANES-1:0] GREATEST = greatest_of_taps();

    // Bits of the sum of so many taps of a column and lane, from the first one
    function automatic int sum_bits(input int column_lane, input int first, input int count);
        int most;
        most = 0;
        for (int at = first; at < first + count && at < TAPS; at++) begin
            most += 32 * {24'd0, GREATEST[8*(column_lane*TAPS+at) +: 8]} + 21;
        end
        sum_bits = (most > 1) ? $clog2(most + 1) : 1;
    endfunction

    // The positions, the digits as late as the blends need them.
    logic [CODE_BITS*CHANNELS*KERNEL-1:0] codes;
    logic [2*CHANNELS*KERNEL-1:0] high, middle, low;
    for (genvar at = 0; at < CHANNELS * KERNEL; at++) begin : position
        assign codes[CODE_BITS*at +: CODE_BITS] = positions[POSITION*at+6 +: CODE_BITS];
        iqlut_delay #(.BITS(4), .CLOCKS(PIPELINE)) once (
            .clock(clock), .enable(1'b1),
            .in(positions[POSITION*at+2 +: 4]), .out({high[2*at +: 2], middle[2*at +: 2]})
        );
        iqlut_delay #(.BITS(2), .CLOCKS(2 * PIPELINE)) twice (
            .clock(clock), .enable(1'b1),
            .in(positions[POSITION*at +: 2]), .out(low[2*at +: 2])
        );
    end

    // For each column of taps and each lane a tree of adders, whose leaves are the blends.
    localparam int TREE = $clog2(TAPS);
    for (genvar j = 0; j < KERNEL; j++) begin : column
        for (genvar lane = 0; lane < LANES; lane++) begin : output_lane
            for (genvar n = 0; n <= TREE; n++) begin : level
                for (genvar at = 0; at < 2 ** (TREE - n); at++) begin : node
                    localparam int SUM_BITS = sum_bits(j * LANES + lane, at * 2 ** n, 2 ** n);
                    logic [SUM_BITS-1:0] value;
                    if (n > 0) begin : sum_of_two
                        logic [SUM_BITS-1:0] sum;
                        assign sum = SUM_BITS'(level[n-1].node[2*at].value)
                                     + SUM_BITS'(level[n-1].node[2*at+1].value);
                        iqlut_delay #(.BITS(SUM_BITS), .CLOCKS(PIPELINE)) register (
                            .clock(clock), .enable(1'b1), .in(sum), .out(value)
                        );
                    end else if (at < TAPS) begin : tap
                        localparam int RISE =
                            {24'd0, GREATEST[8*((j*LANES+lane)*TAPS+at) +: 8]};
                        // Its upper bits are 0 where the entries are small.
                        // verilator lint_off UNUSEDSIGNAL
                        logic [12:0] blend;
                        // verilator lint_on UNUSEDSIGNAL
                        iqlut_blend #(
                            .CODE_BITS(CODE_BITS), .STEPS(STEPS), .LEVELS(LEVELS),
                            .PIPELINE(PIPELINE), .RISE(RISE),
                            .ENTRIES(of_steps(at % CHANNELS, (at / CHANNELS) * KERNEL + j, lane))
                        ) lookup (
                            .clock(clock),
                            .row(ROW_BITS'({step, codes[CODE_BITS*at +: CODE_BITS]})),
                            .high(high[2*at +: 2]), .middle(middle[2*at +: 2]),
                            .low(low[2*at +: 2]),
                            .blend(blend)
                        );
                        assign value = SUM_BITS'(blend);
                    end else begin : none
                        assign value = '0;
                    end
                end
            end
            iqlut_delay #(.BITS(BITS), .CLOCKS(1 - PIPELINE)) last (
                .clock(clock), .enable(1'b1), .in(BITS'(level[TREE].node[0].value)),
                .out(sums[BITS*(j*LANES+lane) +: BITS])
            );
        end
    end
endmodule
