#include "bench/trace_events.h"

#include <math.h>

enum { PROCESS = 1 };

static json_t *microseconds(double ns) { return json_real(round(ns) / 1000); }

static void add_name(struct trace_events *t, const char *what, int track, json_t *args)
{
    json_array_append_new(t->list, json_pack("{s:s, s:s, s:i, s:i, s:o}", "ph", "M", "name", what, "pid", PROCESS,
                                             "tid", track, "args", args));
}
void trace_name_process(struct trace_events *t, const char *name)
{
    add_name(t, "process_name", 0, json_pack("{s:o}", "name", json_text(name)));
}
void trace_name_track(struct trace_events *t, int track, const char *name)
{
    add_name(t, "thread_name", track, json_pack("{s:o}", "name", json_text(name)));
    add_name(t, "thread_sort_index", track, json_pack("{s:i}", "sort_index", track));
}

void trace_slice(struct trace_events *t, int track, const char *name, const char *category, double begin_ns,
                 double end_ns, json_t *args)
{
    double begin = begin_ns - t->start_ns, end = end_ns - t->start_ns;
    json_array_append_new(t->list,
                          json_pack("{s:s, s:o, s:s, s:i, s:i, s:o, s:o, s:o}", "ph", "X", "name", json_text(name),
                                    "cat", category, "pid", PROCESS, "tid", track, "ts", microseconds(begin), "dur",
                                    microseconds(round(end) - round(begin)), "args", args));
}

void trace_counter(struct trace_events *t, const char *name, double at_ns, double value)
{
    json_array_append_new(t->list,
                          json_pack("{s:s, s:s, s:i, s:o, s:{s:o}}", "ph", "C", "name", name, "pid", PROCESS, "ts",
                                    microseconds(at_ns - t->start_ns), "args", name, json_number(value)));
}

json_t *trace_file(struct trace_events *t, json_t *about)
{
    return json_pack("{s:o, s:s, s:o}", "traceEvents", t->list, "displayTimeUnit", "ns", "otherData", about);
}
