# The dashboards: their files, what their queries are made of, and each query, rule and link against real servers.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(curfew_dashboards name)
  add_test(NAME integration_dashboards_${name}
           COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${name}_test.py ${ARGN}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(integration_dashboards_${name} PROPERTIES LABELS integration SKIP_RETURN_CODE 77 TIMEOUT 900)
endfunction()

curfew_dashboards(files)
curfew_dashboards(expand)
curfew_dashboards(rules)
curfew_dashboards(schema)
curfew_dashboards(linter)
curfew_dashboards(queries --build ${CMAKE_BINARY_DIR})
