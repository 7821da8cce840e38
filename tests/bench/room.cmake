# GSL is the oracle for our statistics: in these tests only, never in the product.
pkg_check_modules(GSL REQUIRED IMPORTED_TARGET gsl)
target_link_libraries(test_bench_stats PRIVATE PkgConfig::GSL)
