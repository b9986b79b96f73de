// A test bench that checks itself: sends the frames of a file through iqlut_upscaler and compares
// every pixel that comes out. It ends with "PASS" or with a fatal error.
//
//   +cases=FILE    a count of frames; for each its width, height, pixels and upscaled pixels
//   +layers=FILE   the signals after each layer of the first frame: the first wrong layer is named
//   +send=N        of 16 clocks, in how many a pixel is offered (16: whenever there is room)
//   +receive=N     of 16 clocks, in how many a beat is taken
//   +ports=1       give width and height by the ports; 0: by tlast and tuser
//   +seed=N        of the random numbers
//   +picture=FILE  write what comes out for the first frame, as PGM
//   +waves=FILE    write the signals of this module as VCD (Icarus; Verilator built with --trace)
`timescale 1ns / 1ps
module iqlut_bench #(
    parameter int CLOCKS = 8,
    parameter int WIDTH_MAX = 64,
    parameter int COLUMNS_IN_BEAT = 1,
    parameter int PIPELINE = 1,
    parameter int BYTES_MAX = 1 << 20  // of all frames
);
    localparam int SCALE = iqlut_model::SCALE;
    localparam int LAYERS = iqlut_model::LAYERS;
    localparam int BEAT = SCALE * COLUMNS_IN_BEAT;

    logic              clock = 1'b0, reset = 1'b1;
    logic [15:0]       frame_width, frame_height;
    logic [7:0]        s_tdata;
    logic              s_tuser, s_tlast, s_tvalid = 1'b0, s_tready;
    logic [8*BEAT-1:0] m_tdata;
    logic [BEAT-1:0]   m_tkeep;
    logic              m_tuser, m_tlast, m_tvalid, m_tready = 1'b0;
    logic [3:0]        errors;
    iqlut_upscaler #(
        .CLOCKS(CLOCKS), .WIDTH_MAX(WIDTH_MAX), .COLUMNS_IN_BEAT(COLUMNS_IN_BEAT),
        .PIPELINE(PIPELINE)
    ) upscaler (.*);
    always #2 clock = ~clock;

    // All frames, one after the other
    string      cases_file, layers_file, picture_file, waves_file;
    int         cases = 1, file, picture = 0, seed, send, receive, ports;
    logic [31:0] widths [256], heights [256];
    logic [7:0] inputs [BYTES_MAX], expected [16*BYTES_MAX];
    logic [7:0] layer_signals [BYTES_MAX];
    logic [31:0] layer_base [LAYERS];
    logic       compare_layers = 1'b0;

    localparam int INPUTS = 0, EXPECTED = 1, SIGNALS = 2;
    task automatic read_bytes(input int count, input int target, inout int at);
        int value;
        for (int n = 0; n < count; n++) begin
            if ($fscanf(file, "%h", value) != 1) $fatal(1, "a file ends early");
            if (target == INPUTS) inputs[at] = value[7:0];
            else if (target == EXPECTED) expected[at] = value[7:0];
            else layer_signals[at] = value[7:0];
            at++;
        end
    endtask

    task automatic read_layers;
        int at;
        at = 0;
        file = $fopen(layers_file, "r");
        if (file == 0) $fatal(1, "cannot read %s, expected a file of signals", layers_file);
        for (int n = 1; n <= LAYERS; n++) begin
            layer_base[n-1] = at;
            read_bytes(widths[0] * heights[0] * iqlut_model::CHANNELS[32*n +: 32], SIGNALS, at);
        end
        $fclose(file);
    endtask

    task automatic read_cases;
        int input_at, expected_at;
        input_at = 0;
        expected_at = 0;
        file = $fopen(cases_file, "r");
        if (file == 0) $fatal(1, "cannot read %s, expected a file of cases", cases_file);
        if ($fscanf(file, "%d", cases) != 1) $fatal(1, "%s is empty", cases_file);
        for (int n = 0; n < cases; n++) begin
            if ($fscanf(file, "%d %d", widths[n], heights[n]) != 2) begin
                $fatal(1, "%s ends early", cases_file);
            end
            read_bytes(widths[n] * heights[n], INPUTS, input_at);
            read_bytes(widths[n] * heights[n] * SCALE * SCALE, EXPECTED, expected_at);
        end
        $fclose(file);
    endtask

    function automatic logic chance(input int sixteenths);
        seed = seed * 1103515245 + 12345;
        chance = int'(seed[23:20]) < sixteenths;
    endfunction

    // Sending. By tlast and tuser alone a frame ends where the next one begins: the first one
    // follows the last one.
    int  frame = 0, x = 0, y = 0, input_at = 0, clocks = 0, frames_to_send;
    int  first_sent = -1, last_sent = 0, gap_max = 0;
    wire sends = s_tvalid && s_tready;
    wire frame_ends = sends && s_tlast && y == heights[frame%cases] - 1;
    assign s_tdata = inputs[input_at];
    assign s_tuser = x == 0 && y == 0;
    assign s_tlast = x == widths[frame%cases] - 1;
    assign frame_width = (ports == 1) ? 16'(widths[frame%cases]) : 16'd0;
    assign frame_height = (ports == 1) ? 16'(heights[frame%cases]) : 16'd0;

    always @(posedge clock) begin
        clocks <= clocks + 1;
        if (sends) begin
            if (first_sent < 0) first_sent <= clocks;
            if (!s_tuser && clocks - last_sent > gap_max) gap_max <= clocks - last_sent;
            last_sent <= clocks;
            input_at <= (frame_ends && frame == cases - 1) ? 0 : input_at + 1;
            x <= s_tlast ? 0 : x + 1;
            if (s_tlast) y <= frame_ends ? 0 : y + 1;
            if (frame_ends) frame <= frame + 1;
        end
        if (!reset && (sends || !s_tvalid)) begin
            s_tvalid <= chance(send) && !(frame_ends && frame == frames_to_send - 1)
                        && frame < frames_to_send;
        end
    end

    // Receiving
    int got_frame = 0, got_x = 0, got_y = 0, frame_at = 0, different = 0, beats = 0;
    int first_beat = -1, columns, lines;
    logic wrong, exists;
    logic [7:0] pixel, right_pixel;
    always @(posedge clock) begin
        if (m_tvalid && m_tready) begin
            columns = widths[got_frame] * SCALE;
            lines = heights[got_frame] * SCALE;
            wrong = m_tuser != (got_x == 0 && got_y == 0) || m_tlast != (got_x + BEAT >= columns);
            for (int n = 0; n < BEAT; n++) begin
                exists = got_x + n < columns;
                pixel = m_tdata[8*n +: 8];
                right_pixel = expected[frame_at + got_y * columns + got_x + n];
                if (m_tkeep[n] != exists) wrong = 1'b1;
                if (exists && pixel !== right_pixel) begin
                    different++;
                    if (different < 10) begin
                        $display("frame %0d, line %0d, column %0d: got %h, expected %h",
                                 got_frame, got_y, got_x + n, pixel, right_pixel);
                    end
                end
            end
            if (wrong) $fatal(1, "frame %0d, line %0d, column %0d: tuser, tlast or tkeep is wrong",
                              got_frame, got_y, got_x);
            if (picture != 0 && got_frame == 0) write_beat;
            if (first_beat < 0) first_beat = clocks;
            beats++;
            got_x += BEAT;
            if (got_x >= columns) begin
                got_x = 0;
                got_y++;
            end
            if (got_y == lines) begin
                got_y = 0;
                got_frame++;
                frame_at += columns * lines;
            end
            if (got_frame == cases) finish_bench;
        end
        m_tready <= !reset && chance(receive);
    end

    task automatic write_beat;
        if (m_tuser) $fwrite(picture, "P5 %0d %0d 255\n", columns, lines);
        for (int n = 0; n < BEAT; n++) begin
            if (m_tkeep[n]) $fwrite(picture, "%c", m_tdata[8*n +: 8]);
        end
    endtask

    // The signals after each layer, of the first frame
    for (genvar n = 0; n < LAYERS; n++) begin : layer
        localparam int CHANNELS = iqlut_model::CHANNELS[32*(n+1) +: 32];
        localparam int LANES = (CHANNELS + CLOCKS - 1) / CLOCKS;
        int at = 0, part = 0, channel;
        logic compared = 1'b0;
        always @(posedge clock) begin
            part = upscaler.layer[n].stage.out_tick ? 0 : part + 1;
            if (part == 0) begin
                compared = compare_layers && at < widths[0] * heights[0]
                           && upscaler.layer[n].stage.out_tags[iqlut_tags::REAL];
                if (compared) at++;
            end
            for (int lane = 0; lane < LANES; lane++) begin
                channel = part * LANES + lane;
                if (compared && channel < CHANNELS && upscaler.layer[n].stage.out_part[8*lane +: 8]
                    !== layer_signals[layer_base[n] + (at - 1) * CHANNELS + channel]) begin
                    $fatal(1, "layer %0d, pixel %0d, channel %0d: got %h, expected %h",
                           n, at - 1, channel, upscaler.layer[n].stage.out_part[8*lane +: 8],
                           layer_signals[layer_base[n] + (at - 1) * CHANNELS + channel]);
                end
            end
        end
    end

    task automatic finish_bench;
        if (different != 0) $fatal(1, "%0d pixels differ", different);
        $display("%0d frames, %0d beats, longest gap between pixels %0d clocks, %s %0d",
                 cases, beats, gap_max, "first beat after", first_beat - first_sent);
        if (picture != 0) $fclose(picture);
        $display("PASS");
        $finish;
    endtask

    always @(posedge clock) begin
        if (errors != 4'd0) $fatal(1, "errors %b in a legal stream", errors);
        if (clocks - last_sent > 1 << 20) $fatal(1, "nothing has happened for 2^20 clocks");
    end

    initial begin
        if ($value$plusargs("cases=%s", cases_file) == 0) $fatal(1, "give +cases=FILE");
        if ($value$plusargs("send=%d", send) == 0) send = 16;
        if ($value$plusargs("receive=%d", receive) == 0) receive = 16;
        if ($value$plusargs("ports=%d", ports) == 0) ports = 1;
        if ($value$plusargs("seed=%d", seed) == 0) seed = 1;
        read_cases;
        if ($value$plusargs("layers=%s", layers_file) != 0) begin
            read_layers;
            compare_layers = 1'b1;
        end
        if ($value$plusargs("picture=%s", picture_file) != 0) picture = $fopen(picture_file, "wb");
        if ($value$plusargs("waves=%s", waves_file) != 0) begin
            $dumpfile(waves_file);
            $dumpvars(1, iqlut_bench);
        end
        frames_to_send = (ports == 1) ? cases : cases + 1;
        repeat (4) @(posedge clock);
        reset <= 1'b0;
    end
endmodule
