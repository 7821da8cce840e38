#include "engine/train/session.h"

float *buffer_now(const struct trainer_session *s, int buffer)
{
    return s->arena + s->plan->buffers[buffer].at * (size_t)s->plan->batch;
}
static size_t host_offset(const struct trainer_session *s, const struct value *v)
{
    return v->host ? (size_t)v->host_block * (size_t)value_pixels(v) * (size_t)s->plan->vl : 0;
}
float *value_now(const struct trainer_session *s, const struct value *v)
{
    const struct value *holder = v->host ? v->host : v;
    if (holder->input >= 0) return s->inputs[holder->input];
    int buffer = s->is_backward && holder->again >= 0 ? holder->again : holder->forward;
    return buffer_now(s, buffer) + host_offset(s, v);
}
float *value_gradient(const struct trainer_session *s, const struct value *v)
{
    return buffer_now(s, (v->host ? v->host : v)->gradient) + host_offset(s, v);
}
size_t value_stride(const struct trainer_session *s, const struct value *v)
{
    return value_image_floats(s->plan, v->host ? v->host : v);
}
bool value_is_large(const struct trainer_session *s, const struct value *v)
{
    enum { CACHED_BYTES = 16 << 20 };
    return value_stride(s, v) * (size_t)s->plan->batch * sizeof(float) > CACHED_BYTES;
}
size_t value_plane(const struct trainer_session *s, const struct value *v, int image, int block)
{
    return (size_t)image * value_stride(s, v) + (size_t)block * (size_t)value_pixels(v) * (size_t)s->plan->vl;
}

struct job {
    struct trainer_session *s;
    struct part *p;
    plane_work *plane;
    range_work *range;
    int first, blocks; /* first: image */
    long n, unit;
};
static void planes_of(void *arg, int part, int parts)
{
    const struct job *j = arg;
    struct range r = range_of(j->n, part, parts);
    for (long i = r.first; i < r.last; i++)
        j->plane(j->s, j->p, j->first + (int)(i / j->blocks), (int)(i % j->blocks), part);
}
void some_planes(struct trainer_session *s, struct part *p, int first, int images, int blocks, plane_work *work)
{
    struct job j = {.s = s, .p = p, .plane = work, .first = first, .blocks = blocks, .n = (long)images * blocks};
    crew_run(s->crew, planes_of, &j);
}
void each_plane(struct trainer_session *s, struct part *p, int blocks, plane_work *work)
{
    some_planes(s, p, 0, s->plan->batch, blocks, work);
}
static void planes_by_block(void *arg, int part, int parts)
{
    const struct job *j = arg;
    int images = j->s->plan->batch;
    struct range r = range_of(j->n, part, parts);
    for (long i = r.first; i < r.last; i++) j->plane(j->s, j->p, (int)(i % images), (int)(i / images), part);
}
void each_plane_by_block(struct trainer_session *s, struct part *p, int blocks, plane_work *work)
{
    struct job j = {.s = s, .p = p, .plane = work, .blocks = blocks, .n = (long)s->plan->batch * blocks};
    crew_run(s->crew, planes_by_block, &j);
}
static void ranges_of(void *arg, int part, int parts)
{
    const struct job *j = arg;
    struct range r = range_of((j->n + j->unit - 1) / j->unit, part, parts);
    long last = r.last * j->unit < j->n ? r.last * j->unit : j->n;
    if (r.first * j->unit < last) j->range(j->s, j->p, r.first * j->unit, last);
}
void each_range(struct trainer_session *s, struct part *p, long n, long unit, range_work *work)
{
    struct job j = {.s = s, .p = p, .range = work, .n = n, .unit = unit};
    crew_run(s->crew, ranges_of, &j);
}

/* splitmix64 [Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014] */
static uint64_t mixed(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
uint64_t random_bits(const struct trainer_session *s, const struct part *p, uint64_t i)
{
    uint64_t stream = mixed(mixed(s->base.options.seed + mixed(s->base.steps_done)) + (uint64_t)p->nodes[0]);
    return mixed(stream ^ i);
}
float random_at(const struct trainer_session *s, const struct part *p, uint64_t i)
{
    return (float)(random_bits(s, p, i) >> 40) * 0x1p-24f;
}

static void accumulate_temporary(struct trainer_session *s, struct part *p, long first, long last)
{
    s->plan->kernels->accumulate(buffer_now(s, p->temporary) + first, last - first,
                                 value_gradient(s, p->in[0]) + first);
}
void join_temporary(struct trainer_session *s, struct part *p)
{
    if (p->temporary < 0) return;
    each_range(s, p, (long)s->plan->batch * (long)value_stride(s, p->in[0]), 4096, accumulate_temporary);
}
