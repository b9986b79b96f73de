// Section 4 of the specification for one lane: the accumulator and the skip signal of an output
// become its signal. The constants are chosen by the step.
//
// There is no multiplier: each row of adders adds a constant times one digit (2 bits) of the
// accumulator or of the skip signal, the lowest digits first, and digit and step choose the
// multiple in the LUTs of the carry chain. Latency: 2 clocks and one for each GROUP of digits.
module iqlut_requantise #(
    parameter int LAYER = 1,
    parameter int LANE = 0,
    parameter int LANES = 1,
    parameter int STEPS = 8,
    parameter int STEP_BITS = 3,
    parameter int BITS = 19,
    parameter int ONES = 0,      // by how much `acc` is greater through the ones of its adders
    parameter int SKIP_BITS = 8,
    parameter int GROUP = 1      // digits that are added in one clock
) (
    input  logic                 clock,
    input  logic [STEP_BITS-1:0] step,
    input  logic [BITS-1:0]      acc,  // above the least entries
    input  logic [SKIP_BITS-1:0] skip_signal,
    output logic [7:0]           signal
);
    localparam int ACC_SHIFT = iqlut_model::ACC_SHIFT[32*LAYER +: 32];
    localparam int SHIFT = iqlut_model::SHIFT[32*LAYER +: 32];
    localparam int GAIN_MAX = iqlut_model::GAIN_MAX[32*LAYER +: 32];  // magnitudes
    localparam int SKIP_MAX = iqlut_model::SKIP_MAX[32*LAYER +: 32];
    localparam int BIAS_MAX = iqlut_model::BIAS_MAX[32*LAYER +: 32];
    localparam int SKIP_LOG2 = iqlut_model::SKIP_LOG2[32*LAYER +: 32];
    localparam int OUTPUTS = iqlut_model::CHANNELS[32*(LAYER+1) +: 32];
    localparam int LAST = (LAYER == iqlut_model::LAYERS - 1) ? 1 : 0;
    localparam int REPEATED = (LAST == 1) ? 1 : iqlut_model::SYMMETRY;
    localparam int BASE = iqlut_model::CONSTANTS_BASE[32*LAYER +: 32];

    // Constants of each step; of steps that do not exist x.
    localparam int GAIN = 0, SKIP = 1, BIAS = 2, LEAST = 3;
    function automatic logic [32*2**STEP_BITS-1:0] of_steps(input int which);
        logic [95:0] stored;
        of_steps = {32*2**STEP_BITS{1'bx}};
        for (int at = 0; at < STEPS; at++) begin
            if (at * LANES + LANE < OUTPUTS) begin
                stored = iqlut_model::CONSTANTS[96*(BASE+(at*LANES+LANE)/REPEATED) +: 96];
                case (which)
                    GAIN: of_steps[32*at +: 32] = {{16{stored[15]}}, stored[15:0]};
                    SKIP: of_steps[32*at +: 32] = {{16{stored[31]}}, stored[31:16]};
                    BIAS: of_steps[32*at +: 32] = stored[63:32] + 32'd1;  // digit 0 has no row
                    default: of_steps[32*at +: 32] = stored[95:64] - 32'(ONES)
                                                     + ((32'd1 << ACC_SHIFT) >> 1);
                endcase
            end
        end
    endfunction
    localparam logic [32*2**STEP_BITS-1:0] LEASTS = of_steps(LEAST);

    // arithmetic.round_shift
    logic signed [BITS-1:0] rounded;
    logic [15:0]            acc16;
    logic [STEP_BITS-1:0]   step_of_acc16;
    logic [SKIP_BITS-1:0]   skip_of_acc16;
    logic                   unused;
    assign rounded = $signed(acc + LEASTS[{step, 5'd0} +: BITS]) >>> ACC_SHIFT;
    assign unused = ^rounded;

    // The skip signal has digits like the accumulator, or, where all skips are the same power of
    // two, it is added whole beside the digit of the same weight.
    localparam int DIGITS = 8;
    localparam int WHOLE = (SKIP_LOG2 < 2 * DIGITS) ? 1 : 0;
    localparam int SKIP_DIGITS = (WHOLE == 1) ? 0 : (SKIP_BITS + 1) / 2;

    // Bits of the total after so many digits
    function automatic int total_bits(input int digits);
        logic [47:0] most;
        most = 48'(BIAS_MAX);
        for (int n = 0; n < digits; n++) begin
            most += (48'(GAIN_MAX) + ((n < SKIP_DIGITS) ? 48'(SKIP_MAX) : 48'd0)) * 48'd3 << 2 * n;
            if (WHOLE == 1 && n == SKIP_LOG2 / 2) most += 48'd1 << SKIP_BITS + SKIP_LOG2;
        end
        total_bits = $clog2(most + 48'd1) + 1;
    endfunction

    for (genvar n = 0; n < DIGITS; n++) begin : digit
        localparam int SUM_BITS = total_bits(n + 1) - 2 * n;
        localparam int REGISTERS = (n % GROUP == GROUP - 1 || n == DIGITS - 1) ? 1 : 0;
        logic [STEP_BITS-1:0]           step_in, step_out;
        logic [15:0]                    acc_in, acc_out;
        logic [SKIP_BITS-1:0]           skip_in, skip_out;
        logic                           unused_bits;
        logic signed [SUM_BITS-1:0]     multiple, with_acc, with_skip;
        logic signed [SUM_BITS+2*n-1:0] total, total_out;
        iqlut_multiple #(
            .STEP_BITS(STEP_BITS), .BITS(SUM_BITS), .SIGNED_DIGIT((n == DIGITS - 1) ? 1 : 0),
            .FACTORS(of_steps(GAIN)), .ADDENDS((n == 0) ? of_steps(BIAS) : '0)
        ) of_acc (.step(step_in), .digit(acc_in[2*n +: 2]), .multiple(multiple));

        if (n == 0) begin : lowest
            assign {step_in, acc_in, skip_in} = {step_of_acc16, acc16, skip_of_acc16};
            assign with_acc = multiple;
            assign total = with_skip;
        end else begin : higher
            logic signed [SUM_BITS-1:0] so_far;
            assign {step_in, acc_in, skip_in} =
                {digit[n-1].step_out, digit[n-1].acc_out, digit[n-1].skip_out};
            assign so_far = SUM_BITS'(digit[n-1].total_out >>> (2 * n));
            assign with_acc = so_far - ~multiple;
            assign total = {with_skip, digit[n-1].total_out[2*n-1:0]};
        end

        if (n < SKIP_DIGITS) begin : digit_of_skip
            logic signed [SUM_BITS-1:0] skip_multiple;
            logic [2*SKIP_DIGITS-1:0]   skip_padded;
            logic                       below, unused_digits;
            assign unused_digits = ^{below, skip_padded};
            assign skip_padded = (2*SKIP_DIGITS)'(skip_in);
            iqlut_multiple #(
                .STEP_BITS(STEP_BITS), .BITS(SUM_BITS), .FACTORS(of_steps(SKIP))
            ) of_skip (.step(step_in), .digit(skip_padded[2*n +: 2]), .multiple(skip_multiple));
            // The lowest bit keeps yosys from joining both rows to one sum of three numbers.
            assign {with_skip, below} = {with_acc, 1'b1} - ~{skip_multiple, 1'b0};
        end else if (WHOLE == 1 && n == SKIP_LOG2 / 2) begin : whole_skip
            assign with_skip = with_acc + (SUM_BITS'({1'b0, skip_in}) << SKIP_LOG2 % 2);
        end else begin : no_skip
            assign with_skip = with_acc;
        end

        assign unused_bits = ^{step_out, acc_out, skip_out};
        iqlut_delay #(.BITS(STEP_BITS + 16 + SKIP_BITS), .CLOCKS(REGISTERS)) factors (
            .clock(clock), .enable(1'b1),
            .in({step_in, acc_in, skip_in}), .out({step_out, acc_out, skip_out})
        );
        iqlut_delay #(.BITS(SUM_BITS + 2 * n), .CLOCKS(REGISTERS)) sum (
            .clock(clock), .enable(1'b1), .in(total), .out(total_out)
        );
    end

    logic signed [total_bits(DIGITS)-1:0] shifted;
    assign shifted = digit[DIGITS-1].total_out >>> SHIFT;
    always_ff @(posedge clock) begin
        acc16 <= rounded[15:0];
        step_of_acc16 <= step;
        skip_of_acc16 <= skip_signal;
        if (shifted < 0) signal <= 8'd0;
        else if (shifted > 255) signal <= 8'd255;
        else signal <= shifted[7:0];
    end
endmodule
