/* The probes of the sandwich: the best fp32 kernel and the DRAM read stream, on a team that is somebody else's. */
#include "machine/burst.h"
#include "machine/choice.h"
#include "machine/machine.h"

#include <stdlib.h>

struct probe {
    struct team *team;
    struct arrays arrays;
    struct task flops, bytes;
};

static const double SLICE_S = 0.0025;

gable_status probe_new(struct team *team, struct probe **out, gable_error *e)
{
    struct topology topology;
    bool is_short;
    uint32_t isas = isa_read();
    struct probe *p = calloc(1, sizeof *p);
    if (!p) return error_set(e, GABLE_NO_MEMORY, "no memory for the probes");
    topology_read(&topology);
    p->team = team;
    gable_status s = arrays_new(team, arrays_dram_bytes(&topology, arrays_available(""), &is_short), &p->arrays, e);
    if (s) {
        free(p);
        return s;
    }
    p->flops = (struct task){.flops = choice_fp32(isas)};
    p->bytes = (struct task){.stream = choice_stream(choice_streams(isas), "read"),
                             .arrays = &p->arrays,
                             .bytes = arrays_share(&p->arrays, team_size(team))};
    task_calibrate(&p->flops, team, SLICE_S);
    task_calibrate(&p->bytes, team, SLICE_S);
    *out = p;
    return GABLE_OK;
}

void probe_free(struct probe *p)
{
    if (!p) return;
    arrays_release(&p->arrays);
    free(p);
}

static double rate_of(const struct task *t, struct team *team, double seconds)
{
    struct burst b = {0};
    return burst_run(t, team, task_slices(t, seconds), &b, NULL) ? 0 : b.rate;
}

double probe_flops(struct probe *p, double seconds) { return rate_of(&p->flops, p->team, seconds); }
double probe_bytes(struct probe *p, double seconds) { return rate_of(&p->bytes, p->team, seconds); }
