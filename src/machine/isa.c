#include "machine/isa.h"

#include <stdio.h>

static const char *isa_label(enum isa i)
{
#define ISA_TEXT(name, text) text,
    static const char *const names[] = {ISAS(ISA_TEXT)};
    return names[i];
}

void isa_text(uint32_t set, char *out, size_t room)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < ISA_N; i++) {
        if (!(set >> i & 1)) continue;
        int more = snprintf(out + n, room - n, "%s%s", n ? " " : "", isa_label((enum isa)i));
        if (more < 0 || (size_t)more >= room - n) break;
        n += (size_t)more;
    }
    out[n] = '\0';
}
