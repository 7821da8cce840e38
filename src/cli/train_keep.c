/* What a store keeps of gable train --data: the losses, for the report. */
#include "cli/command.h"
#include "cli/train.h"
#include "store/store.h"

#include <stdio.h>

void train_keep(const struct train_run *r, const struct learned *l)
{
    struct store *s = NULL;
    gable_error e = {0};
    if (l->run.n_epochs < 1) return;
    gable_status status = store_open(r->store, &s, &e);
    if (!status) status = store_put_learned(s, l, &e);
    store_close(s);
    if (!status) return;
    cli_fail(&e);
    fprintf(stderr, "gable: the losses are not kept for the report\n");
}
