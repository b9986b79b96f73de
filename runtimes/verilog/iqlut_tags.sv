// What accompanies a pixel on its way through the layers.
//
// Every layer passes one pixel on for each pixel that it receives (a tick), in raster order. A
// layer with a 3x3 or 2x2 kernel passes the pixel on that it received one line and one pixel
// earlier. Rows that are not real follow the last row of a frame and push its last rows out.
package iqlut_tags;
    localparam int FIRST_COLUMN = 0;  // the pixel is the first of its row
    localparam int LAST_COLUMN = 1;   // the pixel is the last of its row
    localparam int FIRST_ROW = 2;     // its row is the first of a frame
    localparam int REAL = 3;          // its row belongs to a frame
    localparam int BITS = 4;
endpackage
