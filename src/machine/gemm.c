#include "machine/gemm.h"

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 768, COLUMNS = 1536, DEPTH = 1536 }; /* per thread; 3.6 GFLOP */

struct gemm {
    int parts;
    float *a, *b, *c; /* ROWS x DEPTH per thread, DEPTH x COLUMNS for all, ROWS x COLUMNS per thread */
    int *old_threads; /* per thread: OpenMP's limit before */
    /* Of the OpenMP that oneDNN was built with, whichever that is; NULL without one. */
    void (*set_threads)(int n);
    int (*get_threads)(void);
};

static void fill_part(void *arg, int part, int parts)
{
    const struct gemm *g = arg;
    size_t rows = (size_t)ROWS * DEPTH, all = (size_t)DEPTH * COLUMNS;
    for (size_t i = 0; i < rows; i++) g->a[(size_t)part * rows + i] = (float)((int)(i % 127) - 63) / 64;
    for (size_t i = (size_t)part; i < all; i += (size_t)parts) g->b[i] = (float)((int)(i % 113) - 56) / 64;
    memset(g->c + (size_t)part * ROWS * COLUMNS, 0, (size_t)ROWS * COLUMNS * sizeof *g->c);
}

gable_status gemm_new(struct team *team, struct gemm **out, gable_error *e)
{
    struct gemm *g = calloc(1, sizeof *g);
    size_t parts = (size_t)team_size(team);
    if (g) {
        g->parts = (int)parts;
        g->a = aligned_alloc(64, parts * ROWS * DEPTH * sizeof *g->a);
        g->b = aligned_alloc(64, (size_t)DEPTH * COLUMNS * sizeof *g->b);
        g->c = aligned_alloc(64, parts * ROWS * COLUMNS * sizeof *g->c);
        g->old_threads = calloc(parts, sizeof *g->old_threads);
    }
    if (!g || !g->a || !g->b || !g->c || !g->old_threads) {
        gemm_free(g);
        return error_set(e, GABLE_NO_MEMORY, "no memory for a matrix product on %zu threads", parts);
    }
    *(void **)(void *)&g->set_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    *(void **)(void *)&g->get_threads = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    team_run(team, fill_part, g);
    *out = g;
    return GABLE_OK;
}

void gemm_free(struct gemm *g)
{
    if (!g) return;
    free(g->a);
    free(g->b);
    free(g->c);
    free(g->old_threads);
    free(g);
}

double gemm_flops(const struct gemm *g)
{
    (void)g;
    return 2.0 * ROWS * COLUMNS * DEPTH;
}

void gemm_enter(const struct gemm *g, int part)
{
    if (!g->set_threads || !g->get_threads) return;
    g->old_threads[part] = g->get_threads();
    g->set_threads(1);
}

void gemm_leave(const struct gemm *g, int part)
{
    if (g->set_threads && g->get_threads) g->set_threads(g->old_threads[part]);
}

void gemm_run(const struct gemm *g, int part, int64_t repeats)
{
    const float *a = g->a + (size_t)part * ROWS * DEPTH;
    float *c = g->c + (size_t)part * ROWS * COLUMNS;
    for (int64_t r = 0; r < repeats; r++)
        dnnl_sgemm('N', 'N', ROWS, COLUMNS, DEPTH, 1, a, DEPTH, g->b, COLUMNS, 0, c, COLUMNS);
}
