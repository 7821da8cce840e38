/* The terminal: what it can show, the progress line, bars. */
#include "base/text.h"
#include "cli/table.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static enum term_color color_mode; /* one terminal, one choice: set while options are parsed */

void term_set_color(enum term_color when) { color_mode = when; }

bool term_is_tty(FILE *out) { return isatty(fileno(out)); }

bool term_has_color(FILE *out)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (color_mode != TERM_COLOR_AUTO) return color_mode == TERM_COLOR_ALWAYS;
    return !(no && *no) && term && strcmp(term, "dumb") && term_is_tty(out);
}

bool term_is_utf8(void) { return !strcmp(nl_langinfo(CODESET), "UTF-8"); }

int term_width(FILE *out)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    int n = columns ? atoi(columns) : 0;
    if (n < 20 && !ioctl(fileno(out), TIOCGWINSZ, &size)) n = size.ws_col;
    return n < 20 || n > 1000 ? 80 : n;
}

void term_line(const char *text)
{
    struct text safe = {0};
    text_add_safe(&safe, text, 0);
    printf("%s\n", safe.data ? safe.data : "");
    text_release(&safe);
}

void term_hint(const char *format, ...)
{
    if (!term_is_tty(stdout)) return;
    bool has_color = term_has_color(stdout);
    va_list args;
    va_start(args, format);
    fputs(has_color ? "\033[2m" : "", stdout);
    vprintf(format, args);
    fputs(has_color ? "\033[0m\n" : "\n", stdout);
    va_end(args);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void term_progress(const char *what, int done, int total)
{
    static double last; /* of the one stderr */
    if (!term_is_tty(stderr) || (now_s() - last < 0.1 && done < total)) return;
    last = now_s();
    struct text line = {0};
    char count[48] = "";
    if (total > 0) snprintf(count, sizeof count, "%d of %d  ", done, total);
    int room = term_width(stderr) - (int)strlen(count) - 1;
    text_add(&line, count);
    text_add_safe(&line, what, (size_t)(room > 8 ? room : 8));
    if (line.data) fprintf(stderr, "\r\033[K%s", line.data);
    fflush(stderr);
    text_release(&line);
}

void term_progress_end(void)
{
    if (term_is_tty(stderr)) fputs("\r\033[K", stderr);
}
