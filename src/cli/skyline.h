/* Values over steps as columns of blocks in the terminal: eighths of a character, or # and . in ASCII. */
#ifndef CLI_SKYLINE_H
#define CLI_SKYLINE_H
#include "base/count.h"
#include "base/text.h"

/* At most one column per value; where there are more values than columns a column is the largest of its own. A line
   of ^ marks the column of value `mark`. Values above `most` are drawn as `most`. */
struct skyline {
    const count *values;
    int n, mark;
    count most;
    int width, height; /* characters, without the line of the mark */
    bool is_utf8;
};
void skyline_draw(const struct skyline *s, struct text *out);
#endif
