/* The SQLite store: machines, runs with raw samples and environment; one transaction per point. */
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include "bench/record.h"
#include "machine/machine.h"

struct store;
struct learned; /* learn/learned.h */
/* NULL path: gable.db in the XDG data directory, made when missing. Locked, read-only, newer schema, damaged or another
   program's database: one error that says which and what to do; nothing is deleted. */
gable_status store_open(const char *path, struct store **out, gable_error *e);
void store_close(struct store *s);
const char *store_path(const struct store *s);
/* Then a rollback journal is used instead of write-ahead logging. */
bool store_is_on_network(const struct store *s);

gable_status store_put_machine(struct store *s, const struct machine *m, gable_error *e);
/* The newest measured machine with the same CPU, cores and memory as `like`; *found false where there is none. */
gable_status store_last_machine(struct store *s, const struct topology *like, struct machine *out, bool *found,
                                gable_error *e);

/* The runs of one point, all or none: one of inference, those of all passes of a training step. */
gable_status store_put_runs(struct store *s, const struct run *r, int n, const char *campaign, gable_error *e);
/* All runs of a campaign, oldest first; the caller releases each and frees the array. */
gable_status store_runs(struct store *s, const char *campaign, struct run **out, int *n, gable_error *e);
/* The newest valid run with groups that was of this model, batch, size, dtype, pass, engine, device and threads, and
   counted the same FLOPs; *found false where there is none. The caller releases it. */
gable_status store_last_run(struct store *s, const struct run *like, struct run *out, bool *found, gable_error *e);
/* Is this point (model, batch, engine, threads, dtype, size, pass, round) of the campaign finished? An interrupted run
   is not. */
gable_status store_has_point(struct store *s, const char *campaign, const struct run *like, bool *has, gable_error *e);
/* A training run; the same one, begun again, takes the place of what was kept of it. */
gable_status store_put_learned(struct store *s, const struct learned *l, gable_error *e);
/* The newest of them into out[most], newest first; the caller releases each. */
gable_status store_learned(struct store *s, int most, struct learned *out, int *n, gable_error *e);
/* Small named values (planner's choices by machine and layer). *out is malloced, NULL where absent. */
gable_status store_get(struct store *s, const char *key, char **out, gable_error *e);
gable_status store_put(struct store *s, const char *key, const char *value, gable_error *e);
#endif
