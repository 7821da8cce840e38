/* Einsum: the gradient of an operand is an Einsum of the output's gradient and the other operands. */
#include "gradient/back.h"

#include <stdio.h>
#include <string.h>

enum { LETTERS = 52, OPERANDS = 8 };
struct labels {
    int n;
    char of[SHAPE_RANK_MAX + 1]; /* one a dimension, ended by 0 */
};
struct equation {
    int n;
    struct labels in[OPERANDS], out;
    int64_t size[128];
};

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Letters that the equation leaves stand for the dimensions of "...", aligned at the last. */
static char spare(const char *equation, int i)
{
    for (int k = 0; k < LETTERS; k++) {
        char c = (char)(k < 26 ? 'A' + k : 'a' + k - 26);
        if (!strchr(equation, c) && i-- == 0) return c;
    }
    return 0;
}

static void read_labels(const char *equation, const char *from, const char *end, int rank, int dots, struct labels *out)
{
    int letters = 0;
    *out = (struct labels){0};
    for (const char *c = from; c < end; c++) letters += is_letter(*c);
    int hidden = rank >= 0 ? rank - letters : dots;
    for (const char *c = from; c < end && out->n < SHAPE_RANK_MAX; c++) {
        if (is_letter(*c)) out->of[out->n++] = *c;
        if (*c != '.') continue;
        for (int i = 0; i < hidden && out->n < SHAPE_RANK_MAX; i++)
            out->of[out->n++] = spare(equation, dots - hidden + i);
        while (c + 1 < end && c[1] == '.') c++;
    }
}

/* Without "->": the hidden dimensions, then every letter that stands once, in order. */
static void implied_output(const char *equation, int dots, struct labels *out)
{
    *out = (struct labels){0};
    for (int i = 0; i < dots; i++) out->of[out->n++] = spare(equation, i);
    for (int c = 'A'; c <= 'z'; c++) {
        const char *first = is_letter((char)c) ? strchr(equation, c) : NULL;
        if (first && !strchr(first + 1, c)) out->of[out->n++] = (char)c;
    }
}

/* Dimensions of the widest "...". */
static int hidden_dimensions(const struct back *b, const char *equation, const char *end)
{
    int most = 0, i = 0;
    for (const char *from = equation; from <= end && i < b->n->n_in; i++) {
        const char *stop = from;
        int letters = 0;
        bool has_dots = false;
        for (; stop < end && *stop != ','; stop++) {
            letters += is_letter(*stop);
            has_dots = has_dots || *stop == '.';
        }
        int more = back_x(b, i)->shape.rank - letters;
        if (has_dots && more > most) most = more;
        from = stop + 1;
    }
    return most;
}

static void note_sizes(struct back *b, struct equation *q)
{
    for (int i = 0; i < q->n; i++)
        for (int k = 0; k < q->in[i].n; k++) {
            int64_t *size = &q->size[(unsigned char)q->in[i].of[k]], is = back_x(b, i)->shape.dim[k];
            if (strchr(q->in[i].of + k + 1, q->in[i].of[k])) back_refuse(b, "a diagonal is not followed");
            if (*size && *size != is) back_refuse(b, "an operand that is repeated along '...' is not followed");
            *size = is;
        }
}

static void read_equation(struct back *b, struct equation *q)
{
    const struct attribute *a = node_attribute(b->n, "equation");
    const char *text = a && a->s ? a->s : "", *arrow = strstr(text, "->"), *end = arrow ? arrow : text + strlen(text);
    int dots = hidden_dimensions(b, text, end);
    *q = (struct equation){0};
    if (b->n->n_in > OPERANDS) {
        back_refuse(b, "more than %d operands", OPERANDS);
        return;
    }
    for (const char *from = text; from <= end && q->n < b->n->n_in; q->n++) {
        const char *stop = from;
        while (stop < end && *stop != ',') stop++;
        read_labels(text, from, stop, back_x(b, q->n)->shape.rank, dots, &q->in[q->n]);
        from = stop + 1;
    }
    if (arrow)
        read_labels(text, arrow + 2, text + strlen(text), -1, dots, &q->out);
    else
        implied_output(text, dots, &q->out);
    note_sizes(b, q);
}

static bool is_elsewhere(const struct equation *q, int operand, char label)
{
    for (int i = 0; i < q->n; i++)
        if (i != operand && strchr(q->in[i].of, label)) return true;
    return strchr(q->out.of, label) != NULL;
}

/* A label that stands in this operand alone was summed: its gradient is the same along it. */
static term of_operand(struct back *b, const struct equation *q, int operand)
{
    char text[OPERANDS * (SHAPE_RANK_MAX + 2) + 8];
    int at = snprintf(text, sizeof text, "%s", q->out.of), n = 1;
    term in[OPERANDS + 1] = {b->dy[0]};
    int64_t dim[SHAPE_RANK_MAX];
    const struct labels *own = &q->in[operand];
    for (int i = 0; i < q->n; i++) {
        if (i == operand) continue;
        at += snprintf(text + at, sizeof text - (size_t)at, ",%s", q->in[i].of);
        in[n++] = back_x(b, i);
    }
    at += snprintf(text + at, sizeof text - (size_t)at, "->");
    for (int k = 0; k < own->n; k++) {
        bool is_there = is_elsewhere(q, operand, own->of[k]);
        dim[k] = is_there ? q->size[(unsigned char)own->of[k]] : 1;
        if (is_there) text[at++] = own->of[k];
    }
    text[at] = 0;
    struct node *node = back_node(b, "Einsum", n, in, 1);
    if (node) node_set_string(b->g, node, "equation", text);
    return back_expand(b, back_reshape(b, back_infer(b, node), own->n, dim), &back_x(b, operand)->shape);
}

static void back_einsum(struct back *b)
{
    struct equation q;
    read_equation(b, &q);
    for (int i = 0; i < b->n->n_in && !b->status; i++)
        if (b->wants[i]) b->dx[i] = of_operand(b, &q, i);
}

const struct gradient_rule rules_einsum[] = {
    {"Einsum", DOMAIN_ONNX, .back = back_einsum, .words = "Einsum of dy and the other operands"},
    {0},
};
