/* The study's ten chips and a few beside them, with rounded data-sheet rates: enough for a figure's logic. */
#include "made_up.h"

#define RATE(type, kind, flops, how)                                                                \
    {                                                                                               \
        .dtype = DTYPE_##type, .what = kind, .value = flops, .derivation = how, .source = "made up" \
    }
#define BANDWIDTH(bytes)                                                                              \
    {                                                                                                 \
        .dtype = DTYPE_UNDEFINED, .what = "", .value = bytes, .derivation = NULL, .source = "made up" \
    }

static struct chip_rate p100[] = {RATE(F32, "", 9.3e12, "56*64*2*1.303"), RATE(F16, "", 18.7e12, "56*64*2*2*1.303")};
static struct chip_rate v100[] = {RATE(F32, "", 14e12, "80*64*2*1.38"), RATE(F16, "", 112e12, "80*8*64*2*1.38")};
static struct chip_rate t4[] = {RATE(F32, "", 8.1e12, "40*64*2*1.59"), RATE(F16, "", 65e12, NULL),
                                RATE(S8, "", 130e12, NULL)};
static struct chip_rate a100[] = {RATE(F32, "", 19.5e12, "108*64*2*1.41"), RATE(F16, "", 312e12, NULL),
                                  RATE(BF16, "", 312e12, NULL)};
static struct chip_rate h100[] = {RATE(F32, "", 51.2e12, "114*128*2*1.755"), RATE(F16, "", 756e12, NULL),
                                  RATE(BF16, "", 756e12, NULL)};
static struct chip_rate xeon_v4[] = {RATE(F32, "", 3097.6e9, "2*22*2.2*8*2*2")};
static struct chip_rate xeon_v2[] = {RATE(F32, "", 1036.8e9, "2*12*2.7*8*2")};
static struct chip_rate phi[] = {RATE(F32, "", 2416.6e9, "61*1.238*16*2")};
static struct chip_rate tpu[] = {RATE(BF16, "", 275e12, "2*4*128*128*2*1.05"), RATE(S8, "", 275e12, NULL)};
static struct chip_rate a14[] = {RATE(F32, "", 654e9, "4*64*2*1.278"), RATE(F16, "", 1309e9, "4*128*2*1.278")};
static struct chip_rate b200[] = {RATE(F32, "", 75e12, NULL), RATE(F16, "", 2250e12, NULL)};
static struct chip_rate mi300[] = {RATE(F32, "", 163.4e12, NULL), RATE(F16, "", 1307e12, NULL)};
static struct chip_rate epyc[] = {RATE(F32, "", 7.4e12, "96*2.4*32")};
static struct chip_rate m1[] = {RATE(F32, "", 2.6e12, NULL), RATE(F16, "", 2.6e12, NULL)};

#define CHIP(key, title, maker, type, part, launched, watts, bytes, rate_list, study)                            \
    {                                                                                                            \
        .id = key, .name = title, .vendor = maker, .kind = type, .unit = part, .year = launched, .tdp_w = watts, \
        .memory_type = "", .bandwidth = BANDWIDTH(bytes), .n_rates = COUNT_OF(rate_list), .rates = rate_list,    \
        .clock = "", .notes = "", .source = "made up", .is_in_study = study                                      \
    }

static struct chip all[] = {
    CHIP("nvidia_t4", "Tesla T4", "NVIDIA", CHIP_GPU, "gpu", 2018, 70, 320e9, t4, true),
    CHIP("nvidia_v100_pcie_16gb", "Tesla V100 PCIe 16GB", "NVIDIA", CHIP_GPU, "gpu", 2017, 250, 900e9, v100, true),
    CHIP("nvidia_p100_pcie_16gb", "Tesla P100 PCIe 16GB", "NVIDIA", CHIP_GPU, "gpu", 2016, 250, 732e9, p100, true),
    CHIP("nvidia_a100_pcie_80gb", "A100 PCIe 80GB", "NVIDIA", CHIP_GPU, "gpu", 2021, 300, 1935e9, a100, true),
    CHIP("nvidia_h100_pcie", "H100 PCIe", "NVIDIA", CHIP_GPU, "gpu", 2022, 350, 2039e9, h100, true),
    CHIP("intel_2x_xeon_e5_2699_v4", "2 x Xeon E5-2699 v4", "Intel", CHIP_CPU, "cpu", 2016, 290, 153.6e9, xeon_v4,
         true),
    CHIP("intel_2x_xeon_e5_2697_v2", "2 x Xeon E5-2697 v2", "Intel", CHIP_CPU, "cpu", 2013, 260, 119.4e9, xeon_v2,
         true),
    CHIP("intel_xeon_phi_7120a", "Xeon Phi 7120A", "Intel", CHIP_CPU, "cpu", 2013, 300, 352e9, phi, true),
    CHIP("google_tpu_v4", "TPU v4", "Google", CHIP_ASIC, "npu", 2021, 192, 1200e9, tpu, true),
    CHIP("apple_a14_gpu", "Apple A14 Bionic", "Apple", CHIP_SOC, "gpu", 2020, 6, 34.1e9, a14, true),
    CHIP("nvidia_b200", "B200", "NVIDIA", CHIP_GPU, "gpu", 2024, 1000, 8000e9, b200, false),
    CHIP("amd_mi300x", "Instinct MI300X", "AMD", CHIP_GPU, "gpu", 2023, 750, 5300e9, mi300, false),
    CHIP("amd_epyc_9654", "EPYC 9654", "AMD", CHIP_CPU, "cpu", 2022, 360, 460.8e9, epyc, false),
    CHIP("apple_m1", "Apple M1", "Apple", CHIP_SOC, "gpu", 2020, 20, 68.3e9, m1, false),
};
static const struct chips chips = {.n = COUNT_OF(all), .chip = all};

const struct chips *made_up_chips(void) { return &chips; }
