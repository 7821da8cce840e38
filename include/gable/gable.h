/**
 * Gable: what bounds a neural network on a given piece of hardware.
 * The public interface of libgable. Every handle is opaque and owned by the caller: X_new makes it, X_free ends it and
 * accepts NULL. Calls that can fail return a gable_status and fill the gable_error that they are given; on success it
 * is left untouched. The library never prints and never exits.
 */
#ifndef GABLE_GABLE_H
#define GABLE_GABLE_H
#include <stdbool.h>
#include <stdint.h>

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

/** A network with every shape inferred. No weight is ever held. */
typedef struct gable_model gable_model;

typedef struct gable_model_options { /* zero means the default */
    int batch;                       /**< 1 */
    int height, width;               /**< pixels, 224 */
} gable_model_options;

/**
 * Opens a built-in model ("resnet18"; gable_zoo_name lists them).
 * @param options  NULL for the defaults
 * @param out      set on success; end it with gable_model_free
 */
gable_status gable_model_open(const char *name, const gable_model_options *options, gable_model **out, gable_error *e);
void gable_model_free(gable_model *m);
/** Name i of the zoo, NULL after the last; static. */
const char *gable_zoo_name(int i);

/** Forward cost of a whole model or of one node. Exact integers; INT64_MAX means "too large". docs/METRICS.md has each
 * formula. */
typedef struct gable_cost {
    int64_t macs;          /**< multiply-accumulates of convolutions and matrix products */
    int64_t flops;         /**< 2 x macs + every other arithmetic operation */
    int64_t params;        /**< trained elements */
    int64_t bytes_unfused; /**< every node reads its inputs and weights and writes its outputs once */
    int64_t bytes_fused;   /**< between the groups that Gable's engine runs as one; 0 for one node */
    int64_t bytes_ideal;   /**< model inputs, weights and outputs once; 0 for one node */
} gable_cost;

gable_cost gable_model_cost(const gable_model *m);
/** Most bytes of activations alive at one step of the execution order. */
int64_t gable_model_peak_live_bytes(const gable_model *m);
int gable_model_nodes(const gable_model *m);
/** Node i in execution order; name and op (ONNX's operator name) live as long as the model and may be NULL pointers. */
gable_cost gable_model_node(const gable_model *m, int i, const char **name, const char **op);

/** One compute and one bandwidth ceiling of the same machine or chip. */
typedef struct gable_roof {
    double peak_flops_per_s;
    double bandwidth_bytes_per_s;
} gable_roof;

/** The roof of a chip of the database for one input type ("f32", "f16", "bf16", "s8", ...). */
gable_status gable_chip_roof(const char *chip, const char *dtype, gable_roof *out, gable_error *e);
/** FLOP per byte at which slope and flat meet: peak / bandwidth. */
double gable_ridge(const gable_roof *roof);
/**
 * The performance that a roof allows to work of one intensity: min(peak, intensity * bandwidth)
 * [Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009].
 * @param intensity  FLOP per byte at the traffic level of that bandwidth ceiling; > 0
 * @return           FLOP/s, at most the peak. Cannot fail.
 */
double gable_attainable(const gable_roof *roof, double intensity);

#ifdef __cplusplus
}
#endif
#endif
