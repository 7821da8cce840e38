/* Events of a trace: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU (Trace Event
   Format). Times are CLOCK_MONOTONIC's; the file's axis begins at start_ns. */
#ifndef BENCH_TRACE_EVENTS_H
#define BENCH_TRACE_EVENTS_H
#include "base/json.h"

struct trace_events {
    json_t *list;
    double start_ns;
};
void trace_name_process(struct trace_events *t, const char *name);
/* Tracks stand in the order of their numbers, from 1 on. */
void trace_name_track(struct trace_events *t, int track, const char *name);
void trace_slice(struct trace_events *t, int track, const char *name, const char *category, double begin_ns,
                 double end_ns, json_t *args); /* args: taken over */
void trace_counter(struct trace_events *t, const char *name, double at_ns, double value);
/* The file: the events, and what they are of; both taken over. NULL when memory is out. */
json_t *trace_file(struct trace_events *t, json_t *about);
#endif
