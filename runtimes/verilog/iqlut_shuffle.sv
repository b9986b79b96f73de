// arithmetic.shuffle and the way out: keeps two rows of pixels with all their phases, one that is
// being written and one that is sent, SCALE lines of it one after the other.
module iqlut_shuffle #(
    parameter int SCALE = 4,
    parameter int LANES = 2,    // phases that arrive in a clock
    parameter int STEPS = 8,    // clocks in which the phases of a pixel arrive, from its tick on
    parameter int COLUMNS = 1,  // columns in a beat, which makes SCALE * COLUMNS pixels
    parameter int WIDTH_MAX = 960
) (
    input  logic                         clock,
    input  logic                         reset,
    input  logic                         abort,        // the row that is being written is dropped
    input  logic                         row_started,
    output logic                         row_free,
    input  logic                         in_tick,
    input  logic [iqlut_tags::BITS-1:0]  in_tags,
    input  logic [8*LANES-1:0]           in_part,
    output logic [8*SCALE*COLUMNS-1:0]   m_tdata,      // the left pixel lowest
    output logic [SCALE*COLUMNS-1:0]     m_tkeep,
    output logic                         m_tuser,
    output logic                         m_tlast,
    output logic                         m_tvalid,
    input  logic                         m_tready
);
    localparam int PHASES = 8 * SCALE * SCALE;
    localparam int DEPTH = (WIDTH_MAX + COLUMNS - 1) / COLUMNS;
    localparam int ADDRESS_BITS = (DEPTH > 1) ? $clog2(DEPTH) : 1;
    localparam int PLACE_BITS = (COLUMNS > 1) ? $clog2(COLUMNS) : 1;
    localparam int INDEX_BITS = $clog2(2 * DEPTH);

    // The parts of a pixel are put together.
    logic [STEPS:1]              later;
    logic [STEPS:0]              arriving;  // bit n: part n arrives; bit STEPS: the last one has
    logic [8*LANES*STEPS-1:0]    parts;
    logic [PHASES-1:0]           phases;
    logic [iqlut_tags::BITS-1:0] tags;
    assign arriving = {later, in_tick};
    assign phases = parts[0 +: PHASES];
    always_ff @(posedge clock) begin
        later <= (reset || abort) ? '0 : arriving[STEPS-1:0];
        parts <= (8*LANES*STEPS)'({in_part, parts} >> (8 * LANES));
        if (in_tick) tags <= in_tags;
    end

    // Writing
    logic [1:0]              full, first;                 // for each of the two rows
    logic [ADDRESS_BITS-1:0] ends_0, ends_1, address, next_address;
    logic [PLACE_BITS-1:0]   places_0, places_1, place, next_place;
    logic                    writing, writes, row_written, row_sent;
    assign writes = arriving[STEPS] && tags[iqlut_tags::REAL];
    assign row_written = writes && tags[iqlut_tags::LAST_COLUMN];
    assign address = tags[iqlut_tags::FIRST_COLUMN] ? '0 : next_address;
    assign place = tags[iqlut_tags::FIRST_COLUMN] ? '0 : next_place;
    always_ff @(posedge clock) begin
        if (writes) begin
            next_place <= (place == PLACE_BITS'(COLUMNS - 1)) ? '0 : place + 1'b1;
            next_address <= (place == PLACE_BITS'(COLUMNS - 1)) ? address + 1'b1 : address;
        end
        if (row_written) begin
            first[writing] <= tags[iqlut_tags::FIRST_ROW];
            if (writing) {ends_1, places_1} <= {address, place};
            else {ends_0, places_0} <= {address, place};
        end
    end

    // Sending
    localparam int LINE_BITS = $clog2(SCALE);
    logic                    sending, advance, line_ends, row_ends;
    logic [LINE_BITS-1:0]    line, line_read;
    logic [ADDRESS_BITS-1:0] at;
    assign advance = !m_tvalid || m_tready;
    assign line_ends = at == (sending ? ends_1 : ends_0);
    assign row_ends = line_ends && line == LINE_BITS'(SCALE - 1);
    assign row_sent = advance && full[sending] && row_ends;

    // Rows for which room is taken: those under way and those that are full
    logic [1:0] taken;
    assign row_free = taken < 2'd2;
    always_ff @(posedge clock) begin
        taken <= (abort ? 2'(full[0]) + 2'(full[1]) : taken) + 2'(row_started) - 2'(row_sent);
        full <= (full | (row_written ? 2'b01 << writing : 2'b00))
                & ~(row_sent ? 2'b01 << sending : 2'b00);
        writing <= writing ^ row_written;
        sending <= sending ^ row_sent;
        if (advance && full[sending]) begin
            at <= line_ends ? '0 : at + 1'b1;
            if (line_ends) line <= row_ends ? '0 : line + 1'b1;
        end
        if (reset) {taken, full, writing, sending, at, line} <= '0;
    end

    logic [PHASES*COLUMNS-1:0] read;
    for (genvar c = 0; c < COLUMNS; c++) begin : column
        logic [PHASES-1:0] memory [2*DEPTH];
        logic [INDEX_BITS-1:0] write_index, read_index;
        assign write_index = INDEX_BITS'(address) + (writing ? INDEX_BITS'(DEPTH) : '0);
        assign read_index = INDEX_BITS'(at) + (sending ? INDEX_BITS'(DEPTH) : '0);
        always_ff @(posedge clock) begin
            if (writes && place == PLACE_BITS'(c)) memory[write_index] <= phases;
            if (advance) read[PHASES*c +: PHASES] <= memory[read_index];
        end
        for (genvar q = 0; q < SCALE; q++) begin : pixel
            always_ff @(posedge clock) begin
                if (advance) begin
                    m_tdata[8*(SCALE*c+q) +: 8] <= read[PHASES*c + 8*(SCALE*32'(line_read)+q) +: 8];
                end
            end
        end
    end

    logic              read_valid, read_user, read_last;
    logic [PLACE_BITS-1:0] read_places;
    always_ff @(posedge clock) begin
        if (advance) begin
            read_valid <= full[sending];
            read_user <= first[sending] && line == '0 && at == '0;
            read_last <= line_ends;
            read_places <= !line_ends ? PLACE_BITS'(COLUMNS - 1) : sending ? places_1 : places_0;
            line_read <= line;
            m_tvalid <= read_valid;
            m_tuser <= read_user;
            m_tlast <= read_last;
            for (int c = 0; c < COLUMNS; c++) begin
                m_tkeep[SCALE*c +: SCALE] <= {SCALE{PLACE_BITS'(c) <= read_places}};
            end
        end
        if (reset) {read_valid, m_tvalid} <= 2'b00;
    end
endmodule
