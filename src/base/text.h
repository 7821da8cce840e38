/* Text that grows, and the one printer through which foreign names pass (terminal, HTML, JSON). */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H
#include "base/error.h"

#include <stdbool.h>

/* Zero is empty. Where memory runs out `failed` is set and everything after is dropped. */
struct text {
    char *data; /* always ends in NUL once anything was added */
    size_t len, room;
    bool failed;
};

void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const char *bytes, size_t n);
void text_addf(struct text *t, const char *format, ...) PRINTF_LIKE(2, 3);
void text_add_html(struct text *t, const char *s); /* & < > " ' escaped */
void text_add_csv(struct text *t, const char *s);  /* RFC 4180; a leading = + - @ TAB CR is disarmed by ' */
/* What a terminal may be given of a foreign string: printable UTF-8 stays; controls, bidi and zero-width characters
   and broken bytes become \x1b or \u202e; longer than `columns` is cut in the middle. 0 columns: not cut. */
void text_add_safe(struct text *t, const char *s, size_t columns);
void text_add_utf8(struct text *t, const char *s); /* what is not UTF-8 becomes U+FFFD, byte by byte */
void text_release(struct text *t);

/* Columns that a UTF-8 string takes on a terminal. */
size_t text_columns(const char *s);
/* The candidate nearest to `word` by edit distance, or NULL where none is near enough to be meant. */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);
#endif
