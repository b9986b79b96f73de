// Turns a stream of lines into ticks: one for each pixel of a frame, CLOCKS clocks apart at least,
// and then as many that are not real as push the last pixel out of the layers.
//
// The rules for frames that are not as they should be:
//   - pixels before the start of a frame, and lines after its last one, are dropped;
//   - a short line is filled with its last pixel, a long line is cut off;
//   - a start of frame within a frame restarts: rows that are not complete yet are dropped;
//   - a frame wider than WIDTH_MAX is dropped whole.
// With `frame_width` 0 the first line of a frame decides its width. With `frame_height` 0 a frame
// ends where the next one begins, and its last lines come out only then.
module iqlut_frame #(
    parameter int CLOCKS = 8,
    parameter int LAG = 9,      // lines and pixels by which the layers together lag
    parameter int DRAIN = 512,  // clocks after which no tick is under way any more
    parameter int WIDTH_MAX = 960
) (
    input  logic                        clock,
    input  logic                        reset,
    input  logic [15:0]                 frame_width,
    input  logic [15:0]                 frame_height,
    input  logic [7:0]                  s_tdata,
    input  logic                        s_tuser,
    input  logic                        s_tlast,
    input  logic                        s_tvalid,
    output logic                        s_tready,
    input  logic                        row_free,     // there is room for one more row of pixels
    output logic                        row_started,  // the tick of this clock takes this room
    output logic                        abort,        // forget what has not come out yet
    output logic                        tick,
    output logic [iqlut_tags::BITS-1:0] tags,
    output logic [7:0]                  luma,
    output logic [3:0]                  errors        // pulses: too wide, cut, long and short
);
    localparam int SHORT_LINE = 0, LONG_LINE = 1, CUT_FRAME = 2, TOO_WIDE = 3;
    localparam logic [2:0] WAIT = 0, TAKE = 1, FILL = 2, SKIP = 3, FLUSH = 4, DISCARD = 5, DROP = 6;
    logic [2:0]  state;
    logic [15:0] width, height, column, row, out_column, out_row, drain_left;
    logic [31:0] lead;          // ticks until the first pixel comes out
    logic [7:0]  spacing_left;  // clocks until the next tick may start

    // A tick that starts a row at the output needs room for it.
    logic comes_out, can_tick, takes, ticks, last_column, last_row, last_out;
    logic interrupts, overflows;
    assign comes_out = row != 16'd0 && lead == 32'd0;
    assign can_tick = spacing_left == 8'd0 && (row_free || !comes_out || out_column != 16'd0);
    assign interrupts = s_tvalid && s_tuser && (column != 16'd0 || row != 16'd0);
    assign overflows = s_tvalid && column == 16'(WIDTH_MAX);
    assign takes = state == TAKE && s_tvalid && !interrupts && !overflows;
    assign ticks = can_tick && (takes || state == FILL || state == FLUSH);
    assign row_started = ticks && comes_out && out_column == 16'd0;
    assign last_column = (width == 16'd0) ? s_tlast : column == width - 16'd1;
    assign last_out = comes_out && out_column == width - 16'd1 && out_row == row - 16'd1;
    assign last_row = height != 16'd0 && row == height - 16'd1;

    always_comb begin
        case (state)
            WAIT: s_tready = !s_tuser;
            TAKE: s_tready = takes && can_tick;
            SKIP: s_tready = !s_tuser;
            DROP: s_tready = 1'b1;
            default: s_tready = 1'b0;
        endcase
    end

    // The counters of pixels that enter and of pixels that come out
    always_ff @(posedge clock) begin
        spacing_left <= (spacing_left == 8'd0) ? 8'd0 : spacing_left - 8'd1;
        if (state == WAIT) begin
            {column, row, out_column, out_row} <= '0;
            width <= frame_width;
            height <= frame_height;
        end else if (ticks) begin
            // the memory of a row that has one pixel needs two clocks
            spacing_left <= (CLOCKS == 1 && last_column && column == 16'd0) ? 8'd1 : 8'(CLOCKS - 1);
            column <= last_column ? 16'd0 : column + 16'd1;
            if (last_column && state != FLUSH) row <= row + 16'd1;
            if (last_column && row == 16'd0) begin
                width <= column + 16'd1;
                lead <= 32'(LAG) * (32'(column) + 32'd2) - 32'(column) - 32'd1;
            end else if (lead != 32'd0) begin
                lead <= lead - 32'd1;
            end
            if (comes_out) begin
                out_column <= (out_column == width - 16'd1) ? 16'd0 : out_column + 16'd1;
                if (out_column == width - 16'd1) out_row <= out_row + 16'd1;
            end
        end
        if (reset) spacing_left <= 8'd0;
    end

    always_ff @(posedge clock) begin
        errors <= 4'd0;
        abort <= 1'b0;
        drain_left <= (state == DISCARD) ? drain_left - 16'd1 : 16'(DRAIN);
        case (state)
            WAIT: if (s_tvalid && s_tuser) begin
                state <= (frame_width > 16'(WIDTH_MAX)) ? DROP : TAKE;
                errors[TOO_WIDE] <= frame_width > 16'(WIDTH_MAX);
            end
            DROP: if (s_tvalid) state <= WAIT;
            TAKE: if (interrupts && height == 16'd0 && column == 16'd0) begin
                state <= FLUSH;
            end else if (interrupts || overflows) begin
                state <= DISCARD;
                errors[CUT_FRAME] <= interrupts;
                errors[TOO_WIDE] <= !interrupts;
            end else if (ticks) begin
                errors[SHORT_LINE] <= s_tlast && !last_column;
                errors[LONG_LINE] <= !s_tlast && last_column;
                if (last_column) state <= last_row ? FLUSH : s_tlast ? TAKE : SKIP;
                else if (s_tlast) state <= FILL;
            end
            FILL: if (ticks && last_column) state <= last_row ? FLUSH : TAKE;
            SKIP: if (s_tvalid && (s_tlast || s_tuser)) state <= TAKE;
            FLUSH: if (ticks && last_out) state <= WAIT;
            default: if (drain_left == 16'd0) begin  // DISCARD
                abort <= 1'b1;
                state <= WAIT;
            end
        endcase
        if (reset) begin
            state <= WAIT;
            errors <= 4'd0;
        end
    end

    always_ff @(posedge clock) begin
        tick <= ticks && !reset;
        if (ticks) begin
            tags[iqlut_tags::REAL] <= state != FLUSH;
            tags[iqlut_tags::FIRST_ROW] <= row == 16'd0;
            tags[iqlut_tags::LAST_COLUMN] <= last_column;
            tags[iqlut_tags::FIRST_COLUMN] <= column == 16'd0;
            if (takes) luma <= s_tdata;
        end
    end
endmodule
