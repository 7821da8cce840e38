/**
 * Gable: what bounds a neural network on a given piece of hardware.
 * The public interface of libgable. Every handle is opaque and owned by the caller: X_new makes it, X_free ends it and
 * accepts NULL. Calls that can fail return a gable_status and fill the gable_error that they are given; on success it
 * is left untouched. The library never prints and never exits.
 */
#ifndef GABLE_GABLE_H
#define GABLE_GABLE_H

#ifdef __cplusplus
extern "C" {
#endif

/** name, exit status of the program, meaning. The enum, the names, the man page's table come from here. */
#define GABLE_STATUSES(X)                                 \
    X(OK, 0, "done")                                      \
    X(BAD_INPUT, 1, "the input is malformed")             \
    X(NO_MEMORY, 1, "a memory limit was reached")         \
    X(FAILED, 1, "the system refused something")          \
    X(USAGE, 2, "the command line is wrong")              \
    X(REGRESSION, 3, "a regression was found")            \
    X(NO_DEVICE, 4, "a device or its library is missing") \
    X(INVALID_RUN, 5, "the run cannot be trusted")        \
    X(INTERRUPTED, 130, "interrupted; what was finished is kept")
#define GABLE_STATUS_NAME(name, exit_status, meaning) GABLE_##name,
typedef enum gable_status { GABLE_STATUSES(GABLE_STATUS_NAME) } gable_status;

/** Why a call failed. Plain data: nothing to free. */
typedef struct gable_error {
    gable_status status;
    char where[160]; /**< grown outwards: "vgg.onnx: node features.0 (Conv)" */
    char why[240];   /**< one sentence: what is wrong and what to do */
} gable_error;

/** "0.1.0"; static. */
const char *gable_version(void);
/** The exit status that the program gives for a status. */
int gable_exit_status(gable_status status);
/** What a status means, one short clause; static. */
const char *gable_status_meaning(gable_status status);

#ifdef __cplusplus
}
#endif
#endif
