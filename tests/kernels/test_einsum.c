/* Einsum. */
#include "case.h"
#include "check.h"

#define A "f32[2,3] 1 2 3 4 5 6"
#define B "f32[3,2] 1 0 0 1 1 1"

static void joins(void **state)
{
    static const struct kernel_case cases[] = {
        {"Einsum", "equation:ij,jk->ik", {A, B}, {"f32[2,2] 4 5 10 11"}},
        {"Einsum", "equation:ij,jk->ki", {A, B}, {"f32[2,2] 4 10 5 11"}},
        {"Einsum", "equation:ij,jk", {A, B}, {"f32[2,2] 4 5 10 11"}},
        {"Einsum", "equation:ba,cb", {A, "f32[1,2] 1 10"}, {"f32[3,1] 41 52 63"}}, /* by the alphabet: ac */
        {"Einsum", "equation:ij->ji", {A}, {"f32[3,2] 1 4 2 5 3 6"}},
        {"Einsum", "equation:ij->", {A}, {"f32[] 21"}},
        {"Einsum", "equation:ij->j", {"s64[2,2] 1 2 3 4"}, {"s64[2] 4 6"}},
        {"Einsum", "equation:ii->i", {"f64[2,2] 1 2 3 4"}, {"f64[2] 1 4"}},
        {"Einsum", "equation:ii", {"s32[2,2] 1 2 3 4"}, {"s32[] 5"}},
        {"Einsum", "equation:bij,bjk->bik", {"f32[2,1,2] 1 2 3 4", "f32[2,2,1] 1 1 1 -1"}, {"f32[2,1,1] 3 -1"}},
        {"Einsum", "equation:i,i->i", {"f32[2] 2 3", "f32[2] 4 5"}, {"f32[2] 8 15"}},
        {"Einsum", "equation:i,j->ij", {"f32[2] 2 3", "f32[2] 4 5"}, {"f32[2,2] 8 10 12 15"}},
        {"Einsum", "equation:i,ij,j->", {"f32[2] 1 10", "f32[2,2] 1 2 3 4", "f32[2] 1 -1"}, {"f32[] -11"}},
        {"Einsum", "equation:i,i,i->", {"f32[2] 1 2", "f32[2] 3 4", "f32[2] 5 6"}, {"f32[] 63"}},
        {"Einsum", "equation:ik,jl->ij", {A, "f32[1,2] 1 1"}, {"f32[2,1] 12 30"}}, /* k and l are summed before */
        {"Einsum",
         "equation:...ij,...jk->...ik",
         {"f32[2,1,1,2] 1 2 3 4", "f32[3,2,1] 1 0 0 1 1 1"},
         {"f32[2,3,1,1] 1 2 3 3 4 7"}},
        {"Einsum", "equation:...i->...", {A}, {"f32[2] 6 15"}},
        {"Einsum", "equation:i...->i...", {A}, {"f32[2,3] 1 2 3 4 5 6"}},
        {"Einsum", "equation:i...,...", {"f32[2,2] 1 2 3 4", "f32[2] 1 10"}, {"f32[2,2] 1 3 20 40"}}, /* dots first */
        {"Einsum", "equation:Ij,ja->aI", {A, B}, {"f32[2,2] 4 10 5 11"}},
        {"Einsum", "equation:ij,j->i", {"f32[2,3] 1 2 3 4 5 6", "f32[1] 2"}, {"f32[2] 12 30"}}, /* one for all */
        {"Einsum", "equation:ij,jk->ik", {"f32[2,0]", "f32[0,1]"}, {"f32[2,1] 0 0"}},
        {"Einsum", "equation:,i->i", {"f32[] 2", "f32[2] 1 3"}, {"f32[2] 2 6"}},
        {"Einsum",
         "equation:abcd,abed->abce TOLERANCE=0.002",
         {"f16[1,1,2,2] 1 2 3 4", "f16[1,1,1,2] 1 1"},
         {"f16[1,1,2,1] 3 7"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void refused(void **state)
{
    static const struct kernel_case cases[] = {
        {"Einsum", "equation:ij,jk->ik", {A}, {"!more terms"}},
        {"Einsum", "equation:ij->ij", {A, A}, {"!fewer terms"}},
        {"Einsum", "equation:i->i", {A}, {"!2 dimensions"}},
        {"Einsum", "equation:ijk...->i", {A}, {"!no axes for its dots"}},
        {"Einsum", "equation:......->", {A}, {"!no axes for its dots"}},
        {"Einsum", "equation:ijk->i", {A}, {"!2 dimensions"}},
        {"Einsum", "equation:ij,jk->ik", {A, A}, {"!another axis of its label"}},
        {"Einsum", "equation:ij->ik", {A}, {"!no operand has"}},
        {"Einsum", "equation:ij->ii", {A}, {"!twice"}},
        {"Einsum", "equation:ij->i,j", {A}, {"!does not end"}},
        {"Einsum", "equation:i1->i", {A}, {"!not understood at 1"}},
        {"Einsum", "equation:i.->i", {A}, {"!not understood"}},
        {"Einsum", "equation:i,i->i", {"f32[1] 1", "f64[1] 1"}, {"!types"}},
        {"Einsum", "equation:i->i", {"bool[1] 1"}, {"!bool"}},
        {"Einsum", "", {A}, {"!2 dimensions"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(joins), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
