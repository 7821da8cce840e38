# The page in headless Chromium; the reports of made-up studies are written by report.test_write.
find_program(CHROMIUM chromium)
find_program(NODE node)
if(CHROMIUM AND NODE)
  add_test(NAME page.browser
           COMMAND ${NODE} ${CMAKE_CURRENT_SOURCE_DIR}/page/page.mjs made-up-report hostile-report)
  set_tests_properties(report.test_write PROPERTIES FIXTURES_SETUP written_reports)
  set_tests_properties(page.browser PROPERTIES FIXTURES_REQUIRED written_reports TIMEOUT 600)
endif()
