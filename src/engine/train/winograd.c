/* Winograd F(4x4, 3x3) [Lavin, Gray 2015] in three passes over tiles of all images. Forward: each thread takes tiles of
   its own, transforms a chunk of them, multiplies 36 matrices, transforms back. The data's gradient is the same from dy
   with filters turned. The weights' gradient is the transposed algorithm: sums over tiles of 36 products, shared by the
   threads matrix by matrix, so that their number changes no bit. */
#include "engine/train/winograd.h"

enum { COMPONENTS = 36, TILE = 4, PANEL = 2, LINE = 64 };
/* Tiles at once, where a chunk's matrices should stay: beside the filters in a core's cache, or in the shared one. */
enum {
    CHUNK_NEAR = 28,
    CHUNK_FAR = 56,
    CHUNK_HUGE = 140,
    NEAR_BYTES = 1 << 20,
    FAR_BYTES = 16 << 20,
    SHARED_BYTES = 8 << 20
};

struct side {
    const struct value *value;
    float **image;  /* base of each image */
    long component; /* floats between two of a chunk's 36 matrices: [block][tile][vl]; WEIGHT, to: [panel][tile][..] */
};
struct winding {
    struct trainer_session *s;
    const struct part *p;
    enum convolution_pass pass;
    struct side from, to;           /* WEIGHT: x and dy */
    int vl, tiles, chunk, first, n; /* first, n: the chunk that is shared now */
    long filter;                    /* floats between two matrices of filters: [panel][channel of from][block][vl] */
    float *filters, *none, *room;
    int rooms; /* one a thread; WEIGHT: one */
    size_t room_floats;
    int *off;
};

bool winograd_fits(const struct convolution_shape *s)
{
    bool fits = s->groups == 1 && !s->is_planar;
    for (int i = 0; i < 2; i++)
        fits = fits && s->kernel[i] == 3 && s->stride[i] == 1 && s->dilation[i] == 1 && s->pad_begin[i] == 1 &&
               s->pad_end[i] == 1;
    return fits;
}

static int tiles_of(const struct value *v) { return (v->height + TILE - 1) / TILE * ((v->width + TILE - 1) / TILE); }
static int least(int a, int b) { return a < b ? a : b; }

static int chunk_of(const struct train_plan *plan, const struct winding *w)
{
    long in = w->from.value->channels, out = w->to.value->channels, filters = COMPONENTS * in * out * 4;
    if (w->pass == CONVOLUTION_WEIGHT) {
        long cached = SHARED_BYTES / (COMPONENTS * (in + out) * 4), few_sums = in * out / (in + out);
        return least(w->tiles, (int)(cached > few_sums ? cached : few_sums));
    }
    int chunk = filters <= NEAR_BYTES ? CHUNK_NEAR : filters <= FAR_BYTES ? CHUNK_FAR : CHUNK_HUGE;
    return least((w->tiles + plan->threads - 1) / plan->threads, chunk);
}
static struct winding measured(const struct train_plan *plan, const struct part *p, enum convolution_pass pass)
{
    bool is_data = pass == CONVOLUTION_DATA, is_weight = pass == CONVOLUTION_WEIGHT;
    struct winding w = {.p = p, .pass = pass, .vl = plan->vl};
    w.from.value = is_data ? p->out : p->in[0];
    w.to.value = is_data ? p->in[0] : p->out;
    w.tiles = plan->batch * tiles_of(p->out);
    w.chunk = chunk_of(plan, &w);
    long from = w.from.value->blocks * (long)w.vl, to = w.to.value->blocks * (long)w.vl;
    w.from.component =
        from * w.chunk + w.vl; /* apart by a little: else all 36 would meet in the same sets of a cache */
    w.to.component = to * w.chunk + w.vl;
    w.filter = (is_weight ? from : w.from.value->channels) * to + w.vl;
    w.rooms = is_weight ? 1 : plan->threads;
    w.room_floats = COMPONENTS * (size_t)(w.from.component + w.to.component);
    return w;
}

/* What lies in the scratch, one behind another; base NULL: only measured. */
struct carving {
    char *base;
    size_t bytes;
};
static void *carve(struct carving *c, size_t bytes)
{
    void *here = c->base ? c->base + c->bytes : NULL;
    c->bytes += (bytes + LINE - 1) / LINE * LINE;
    return here;
}
static size_t lay_out(struct winding *w, const struct train_plan *plan, char *base)
{
    struct carving c = {.base = base};
    int channels = w->from.value->channels;
    w->from.image = carve(&c, (size_t)plan->batch * sizeof(float *));
    w->to.image = carve(&c, (size_t)plan->batch * sizeof(float *));
    w->off = carve(&c, (size_t)(channels > w->chunk ? channels : w->chunk) * sizeof *w->off);
    w->none = carve(&c, PANEL * (size_t)w->vl * sizeof *w->none);
    w->filters = carve(&c, COMPONENTS * (size_t)w->filter * sizeof *w->filters);
    w->room = carve(&c, w->room_floats * (size_t)w->rooms * sizeof *w->room);
    return c.bytes;
}
size_t winograd_scratch(const struct train_plan *plan, const struct part *p, size_t *fixed)
{
    size_t most = 0;
    for (int pass = 0; pass < 3; pass++) {
        struct winding w = measured(plan, p, (enum convolution_pass)pass);
        size_t bytes = lay_out(&w, plan, NULL), floats = COMPONENTS * (size_t)w.filter;
        if (bytes <= most) continue;
        most = bytes;
        if (w.chunk * w.rooms < w.tiles) floats += w.room_floats * (size_t)w.rooms;
        *fixed = floats * sizeof(float);
    }
    return most;
}

static void point(const struct winding *w, const struct side *side, bool is_gradient)
{
    const struct value *v = side->value;
    float *base = is_gradient ? value_gradient(w->s, v) : value_now(w->s, v);
    for (int i = 0; i < w->s->plan->batch; i++) side->image[i] = base + (size_t)i * value_stride(w->s, v);
}
static struct winding prepared(struct trainer_session *s, const struct part *p, enum convolution_pass pass)
{
    struct winding w = measured(s->plan, p, pass);
    int vl = w.vl;
    w.s = s;
    lay_out(&w, s->plan, s->scratch);
    point(&w, &w.from, pass == CONVOLUTION_DATA);
    point(&w, &w.to, pass != CONVOLUTION_FORWARD);
    for (int i = 0; i < PANEL * vl; i++) w.none[i] = 0;
    if (pass == CONVOLUTION_WEIGHT)
        for (int t = 0; t < w.chunk; t++) w.off[t] = t * vl;
    else
        for (int c = 0; c < w.from.value->channels; c++) w.off[c] = c / vl * w.chunk * vl + c % vl;
    return w;
}
static struct winograd_tiles tiles_at(const struct side *side, int first, int n)
{
    const struct value *v = side->value;
    return (struct winograd_tiles){.height = v->height,
                                   .width = v->width,
                                   .columns = (v->width + TILE - 1) / TILE,
                                   .per_image = tiles_of(v),
                                   .first = first,
                                   .n = n,
                                   .image = side->image,
                                   .component = side->component};
}
static int blocks_in(const struct value *v, int panel) { return least(PANEL, v->blocks - panel * PANEL); }
static int panels_of(const struct value *v) { return (v->blocks + PANEL - 1) / PANEL; }

/* Filters from `from`'s channel k to a block of `to`'s, or their gradient. */
static struct winograd_filters filters_at(const struct winding *w, int k, int block, size_t *plain)
{
    const struct convolution_shape *c = &w->p->shape;
    bool is_data = w->pass == CONVOLUTION_DATA;
    int first = block * w->vl, in = is_data ? first : k, out = is_data ? k : first;
    *plain = ((size_t)out * (size_t)c->in.n + (size_t)in) * 9;
    return (struct winograd_filters){.lanes = least(w->vl, w->to.value->channels - first),
                                     .lane_step = is_data ? 9 : 9L * c->in.n,
                                     .component = w->filter,
                                     .is_turned = is_data};
}
static void pack_filters(void *arg, int part, int parts)
{
    const struct winding *w = arg;
    const float *plain = parameter_at(w->s, w->p->weight);
    int channels = w->from.value->channels;
    struct range r = range_of((long)panels_of(w->to.value) * channels, part, parts);
    for (long i = r.first; i < r.last; i++) {
        int panel = (int)(i / channels), k = (int)(i % channels), blocks = blocks_in(w->to.value, panel);
        float *u = w->filters + ((long)panel * PANEL * channels + (long)k * blocks) * w->vl;
        for (int b = 0; b < blocks; b++) {
            size_t at;
            struct winograd_filters f = filters_at(w, k, panel * PANEL + b, &at);
            w->s->plan->kernels->winograd_filter(&f, plain + at, u + b * w->vl);
        }
    }
}

/* One of the 36 products of a chunk: `out` [block][tile][vl]. */
static void multiply(const struct winding *w, int n, const float *in, const float *filter, float *out)
{
    const struct kernels *k = w->s->plan->forward_kernels;
    struct gemm g = {.off = w->off, .k = w->from.value->channels, .block = (long)w->chunk * w->vl};
    for (int panel = 0; panel < panels_of(w->to.value); panel++) {
        int blocks = blocks_in(w->to.value, panel), most = k->most_pixels[blocks], runs = (n + most - 1) / most;
        g.ahead_step = blocks * w->vl / runs;
        g.ahead = filter + (long)g.k * blocks * w->vl;
        for (int i = 0; i < runs; i++, g.ahead += g.k * g.ahead_step) {
            long first = (long)n * i / runs, last = (long)n * (i + 1) / runs;
            (*k->gemm[GEMM_FLAT])[blocks][last - first](&g, in + first * w->vl, filter, w->none, NULL,
                                                        out + panel * PANEL * g.block + first * w->vl);
        }
        filter += (long)g.k * blocks * w->vl;
    }
}
static void run_chunk(const struct winding *w, int first, int n, float *in, float *out)
{
    const struct kernels *k = w->s->plan->forward_kernels;
    bool is_forward = w->pass == CONVOLUTION_FORWARD, is_added = !is_forward && w->p->flow[0] == FLOW_ADD;
    const float *bias = is_forward ? parameter_at(w->s, w->p->bias) : NULL;
    struct winograd_tiles from = tiles_at(&w->from, first, n), to = tiles_at(&w->to, first, n);
    to.act.kind = is_forward && w->p->shape.has_relu ? ACT_RELU : ACT_NONE;
    for (int b = 0; b < w->from.value->blocks; b++)
        k->winograd_in(&from, (long)value_plane(w->s, w->from.value, 0, b), in + (long)b * w->chunk * w->vl);
    for (int m = 0; m < COMPONENTS; m++)
        multiply(w, n, in + m * w->from.component, w->filters + m * w->filter, out + m * w->to.component);
    for (int b = 0; b < w->to.value->blocks; b++) {
        long plane = (long)value_plane(w->s, w->to.value, 0, b);
        k->winograd_out(&to, out + (long)b * w->chunk * w->vl, bias ? bias + b * w->vl : w->none, is_added ? plane : -1,
                        plane);
    }
}
static void run_tiles(void *arg, int part, int parts)
{
    const struct winding *w = arg;
    struct range r = range_of(w->tiles, part, parts);
    long n = r.last - r.first, chunks = (n + w->chunk - 1) / w->chunk;
    float *in = w->room + (size_t)part * w->room_floats, *out = in + COMPONENTS * w->from.component;
    for (long i = 0; i < chunks; i++) {
        int first = (int)(r.first + n * i / chunks), last = (int)(r.first + n * (i + 1) / chunks);
        run_chunk(w, first, last - first, in, out);
    }
}

/* Matrices of a chunk for the gradient of filters, each thread some of its tiles. */
static void spread_tiles(void *arg, int part, int parts)
{
    const struct winding *w = arg;
    const struct value *x = w->from.value, *y = w->to.value;
    struct range r = range_of(w->n, part, parts);
    struct winograd_tiles from = tiles_at(&w->from, w->first + (int)r.first, (int)(r.last - r.first));
    struct winograd_tiles to = tiles_at(&w->to, from.first, from.n);
    float *of_x = w->room, *of_y = w->room + COMPONENTS * w->from.component;
    for (int b = 0; b < x->blocks; b++)
        w->s->plan->forward_kernels->winograd_in(&from, (long)value_plane(w->s, x, 0, b),
                                                 of_x + ((long)b * w->chunk + r.first) * w->vl);
    for (int b = 0; b < y->blocks; b++) {
        int panel = b / PANEL, step = blocks_in(y, panel) * w->vl;
        float *at = of_y + (long)panel * PANEL * w->chunk * w->vl + r.first * step + b % PANEL * w->vl;
        w->s->plan->kernels->winograd_spread(&to, (long)value_plane(w->s, y, 0, b), step, at);
    }
}
static void sum_panel(const struct winding *w, const float *of_x, const float *of_y, int blocks, float *sums)
{
    const struct kernels *k = w->s->plan->forward_kernels;
    int vl = w->vl, most = k->most_pixels[blocks], runs = (vl + most - 1) / most;
    long each = (long)w->from.value->blocks * vl * vl;
    struct gemm g = {.off = w->off, .k = w->n, .block = each, .res_block = each, .ahead = of_y};
    for (int b = 0; b < w->from.value->blocks; b++)
        for (int i = 0; i < runs; i++) {
            int first = vl * i / runs, last = vl * (i + 1) / runs;
            float *out = sums + ((long)b * vl + first) * vl;
            (*k->gemm[GEMM_ACROSS])[blocks][last - first](&g, of_x + (long)b * w->chunk * vl + first, of_y, w->none,
                                                          w->first > 0 ? out : NULL, out);
        }
}
/* Sums: [36][block of y][channel of x][vl]. */
static void sum_products(void *arg, int part, int parts)
{
    const struct winding *w = arg;
    const float *of_x = w->room, *of_y = w->room + COMPONENTS * w->from.component;
    int panels = panels_of(w->to.value);
    struct range r = range_of(COMPONENTS * (long)panels, part, parts);
    for (long i = r.first; i < r.last; i++) {
        long m = i / panels, panel = i % panels, at = panel * PANEL * w->vl;
        sum_panel(w, of_x + m * w->from.component, of_y + m * w->to.component + at * w->chunk,
                  blocks_in(w->to.value, (int)panel), w->filters + m * w->filter + at * w->from.value->blocks * w->vl);
    }
}
static void unpack_gradient(void *arg, int part, int parts)
{
    const struct winding *w = arg;
    float *plain = parameter_gradient(w->s, w->p->weight);
    int channels = w->from.value->channels, room = w->from.value->blocks * w->vl;
    struct range r = range_of((long)w->to.value->blocks * channels, part, parts);
    for (long i = r.first; i < r.last; i++) {
        int block = (int)(i / channels), k = (int)(i % channels);
        size_t at;
        struct winograd_filters f = filters_at(w, k, block, &at);
        w->s->plan->kernels->winograd_gradient(&f, w->filters + ((long)block * room + k) * w->vl, plain + at);
    }
}

void winograd_run(struct trainer_session *s, struct part *p, enum convolution_pass pass)
{
    struct winding w = prepared(s, p, pass);
    if (pass != CONVOLUTION_WEIGHT) {
        crew_run(s->crew, pack_filters, &w);
        crew_run(s->crew, run_tiles, &w);
        return;
    }
    long chunks = (w.tiles + w.chunk - 1) / w.chunk;
    for (long i = 0; i < chunks; i++) {
        w.first = (int)(w.tiles * i / chunks);
        w.n = (int)(w.tiles * (i + 1) / chunks) - w.first;
        crew_run(s->crew, spread_tiles, &w);
        crew_run(s->crew, sum_products, &w);
    }
    crew_run(s->crew, unpack_gradient, &w);
}
