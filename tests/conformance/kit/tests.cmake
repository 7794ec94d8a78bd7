# One fixture plugin for each way of being wrong, and what the kit and the host make of it. The fixtures' own
# code is wrong on purpose: it is compiled without the project's warnings.
set(fixture_folder "${CMAKE_CURRENT_SOURCE_DIR}/fixtures")
file(GLOB fixtures CONFIGURE_DEPENDS "${fixture_folder}/*.c" "${fixture_folder}/*.cpp")
curfew_tests(conformance kit curfew::connector)
foreach(fixture ${fixtures})
  get_filename_component(name "${fixture}" NAME_WE)
  curfew_add_connector(fixture_${name} SOURCES "${fixture}" OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests/fixtures")
  target_link_libraries(fixture_${name} PRIVATE pthread)
  set_target_properties(fixture_${name} PROPERTIES OUTPUT_NAME "${name}")
  add_dependencies(conformance_kit fixture_${name})
endforeach()
