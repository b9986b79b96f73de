// Upscales a video of 8-bit luma by the integer tables of the package `iqlut_model`; every pixel
// equals the specification. Both sides are AXI4-Stream video: tuser with the first pixel of a
// frame, tlast with the last beat of a line.
module iqlut_upscaler #(
    parameter int CLOCKS = 8,           // for each low-resolution pixel
    parameter int WIDTH_MAX = 960,      // of the input
    parameter int COLUMNS_IN_BEAT = 1,  // an output beat has SCALE times as many pixels
    parameter int PIPELINE = 1,         // 1: a register after each row of adders; 0: after each sum
    localparam int BEAT = iqlut_model::SCALE * COLUMNS_IN_BEAT
) (
    input  logic              clock,
    input  logic              reset,
    input  logic [15:0]       frame_width,   // 0: the first line of a frame decides
    input  logic [15:0]       frame_height,  // 0: a frame ends where the next one begins
    input  logic [7:0]        s_tdata,
    input  logic              s_tuser,
    input  logic              s_tlast,
    input  logic              s_tvalid,
    output logic              s_tready,
    output logic [8*BEAT-1:0] m_tdata,       // the left pixel lowest
    output logic [BEAT-1:0]   m_tkeep,       // which pixels of the last beat of a line there are
    output logic              m_tuser,
    output logic              m_tlast,
    output logic              m_tvalid,
    input  logic              m_tready,
    output logic [3:0]        errors         // pulses: too wide, cut frame, long line, short line
);
    localparam int LAYERS = iqlut_model::LAYERS;
    localparam int LAYER_CLOCKS_MAX = 32 + 2 * CLOCKS;  // from tick to tick of a layer
    localparam int FLIGHT_BITS = $clog2((LAYER_CLOCKS_MAX * LAYERS + CLOCKS - 1) / CLOCKS + 1);

    function automatic int lag();
        lag = 0;
        for (int n = 0; n < LAYERS; n++) lag += iqlut_model::KERNEL[32*n +: 32] / 2;
    endfunction
    localparam int LAG = lag();

    // Where a part of a pixel of a layer's input begins among the wires of all layers
    function automatic int first_bit(input int layer);
        first_bit = 0;
        for (int n = 0; n < layer; n++) begin
            first_bit += 8 * ((iqlut_model::CHANNELS[32*n +: 32] + CLOCKS - 1) / CLOCKS);
        end
    endfunction
    localparam int PHASES = iqlut_model::SCALE * iqlut_model::SCALE;
    localparam int LANES = (PHASES + CLOCKS - 1) / CLOCKS;  // of the upsampler

    logic                                  row_free, row_started, abort, restart;
    logic [LAYERS:0]                       tick;
    logic [iqlut_tags::BITS*(LAYERS+1)-1:0] tags;
    logic [first_bit(LAYERS+1)-1:0]        parts;
    assign restart = reset | abort;

    iqlut_frame #(
        .CLOCKS(CLOCKS), .LAG(LAG), .DRAIN(LAYER_CLOCKS_MAX * LAYERS), .WIDTH_MAX(WIDTH_MAX)
    ) frame (
        .clock(clock), .reset(reset), .frame_width(frame_width), .frame_height(frame_height),
        .s_tdata(s_tdata), .s_tuser(s_tuser), .s_tlast(s_tlast), .s_tvalid(s_tvalid),
        .s_tready(s_tready), .row_free(row_free), .row_started(row_started), .abort(abort),
        .tick(tick[0]), .tags(tags[0 +: iqlut_tags::BITS]), .luma(parts[7:0]), .errors(errors)
    );

    // Luma waits here until the pixel that it belongs to reaches the upsampler.
    logic [FLIGHT_BITS-1:0]        written, taken;
    logic [iqlut_tags::BITS+8-1:0] flight [2**FLIGHT_BITS];
    logic [iqlut_tags::BITS+8-1:0] oldest;
    logic [71:0]                   luma;
    assign oldest = flight[taken];
    always_ff @(posedge clock) begin
        if (tick[0]) flight[written] <= {tags[0 +: iqlut_tags::BITS], parts[7:0]};
        if (restart) begin
            {written, taken} <= '0;
        end else begin
            written <= written + FLIGHT_BITS'(tick[0]);
            taken <= taken + FLIGHT_BITS'(tick[LAYERS-1]);
        end
    end
    iqlut_luma_window #(.LAG(LAG), .WIDTH_MAX(WIDTH_MAX)) luma_window (
        .clock(clock), .reset(restart), .in_tick(tick[LAYERS-1]),
        .in_tags(oldest[8 +: iqlut_tags::BITS]), .in_luma(oldest[7:0]), .luma(luma)
    );

    for (genvar n = 0; n < LAYERS; n++) begin : layer
        localparam int IN = first_bit(n), OUT = first_bit(n + 1), END = first_bit(n + 2);
        iqlut_layer #(
            .LAYER(n), .CLOCKS(CLOCKS), .WIDTH_MAX(WIDTH_MAX), .PIPELINE(PIPELINE),
            .CHANNELS(iqlut_model::CHANNELS[32*n +: 32]),
            .OUTPUTS(iqlut_model::CHANNELS[32*(n+1) +: 32])
        ) stage (
            .clock(clock), .reset(restart),
            .in_tick(tick[n]), .in_tags(tags[iqlut_tags::BITS*n +: iqlut_tags::BITS]),
            .in_part(parts[IN +: OUT-IN]), .luma(luma), .out_tick(tick[n+1]),
            .out_tags(tags[iqlut_tags::BITS*(n+1) +: iqlut_tags::BITS]),
            .out_part(parts[OUT +: END-OUT])
        );
    end

    iqlut_shuffle #(
        .SCALE(iqlut_model::SCALE), .LANES(LANES), .STEPS((PHASES + LANES - 1) / LANES),
        .COLUMNS(COLUMNS_IN_BEAT), .WIDTH_MAX(WIDTH_MAX)
    ) shuffle (
        .clock(clock), .reset(reset), .abort(abort), .row_started(row_started),
        .row_free(row_free), .in_tick(tick[LAYERS]),
        .in_tags(tags[iqlut_tags::BITS*LAYERS +: iqlut_tags::BITS]),
        .in_part(parts[first_bit(LAYERS) +: 8*LANES]), .m_tdata(m_tdata), .m_tkeep(m_tkeep),
        .m_tuser(m_tuser), .m_tlast(m_tlast), .m_tvalid(m_tvalid), .m_tready(m_tready)
    );
endmodule
