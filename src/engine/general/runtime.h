/* What a run has besides its program: memory, threads, the random stream, a budget of steps, and who watches. */
#ifndef ENGINE_GENERAL_RUNTIME_H
#define ENGINE_GENERAL_RUNTIME_H
#include "engine/crew.h"
#include "engine/general/general.h"
#include "engine/general/program.h"

#define RUN_TOO_LONG "the run takes more steps than allowed: does a loop not end?"
struct runtime {
    struct pool *pool;
    struct onednn *onednn; /* made when first asked for */
    struct crew *crew;     /* NULL: one thread */
    int opset;
    uint64_t random;
    int64_t steps_left;      /* of nodes, those of bodies each time: an endless Loop ends here */
    bool is_parallel;        /* the crew works: what it calls runs serially */
    struct program *program; /* that runs, and its step */
    struct step *step;
    const struct general_values *given;
    struct general_watch *watch; /* of the outermost program; or NULL */
    int n_temporaries, room_temporaries;
    struct value *temporaries; /* of all calls that run, released as each of them ends */
};
/* Puts initializers, captured ones apart, into their places: once, before the first run. */
gable_status program_load(struct runtime *r, struct program *p, gable_error *e);
/* Runs the steps; inputs are in their places, outputs stay in theirs until program_clear. */
gable_status program_run(struct runtime *r, struct program *p, gable_error *e);
void program_clear(struct program *p); /* releases what is no initializer */
#endif
