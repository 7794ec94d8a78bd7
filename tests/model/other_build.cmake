# The engine once more, built the other way round: what is optimised without assertions in this build is
# unoptimised with them there, and its hash seeds are others (they are addresses). Only the layers that
# replay needs.
set(other_sources)
foreach(folder base model session policy enforcement engine)
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/core/${folder}/*.cpp")
  list(APPEND other_sources ${sources})
endforeach()
add_library(curfew_other_build STATIC ${other_sources} "${CMAKE_SOURCE_DIR}/core/ledger/csv.cpp")
target_include_directories(curfew_other_build PUBLIC "${CMAKE_SOURCE_DIR}")
target_link_libraries(curfew_other_build PUBLIC OpenSSL::Crypto fmt::fmt simdjson::simdjson absl::flat_hash_map
                                                curfew_settings)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(curfew_other_build PUBLIC -O0 -UNDEBUG -U_FORTIFY_SOURCE -D_GLIBCXX_ASSERTIONS)
else()
  target_compile_options(curfew_other_build PUBLIC -O2 -DNDEBUG)
endif()

add_executable(model_replay_other replay_main.cpp)
target_link_libraries(model_replay_other PRIVATE curfew_other_build)
# A rule deliberately changed, in the source: one of the seeded faults.
set(changed_rule "${CMAKE_CURRENT_BINARY_DIR}/mutants/end_frees_no_place/concurrency.cpp")
add_executable(model_replay_changed replay_main.cpp "${changed_rule}")
target_link_libraries(model_replay_changed PRIVATE curfew_other_build)
target_compile_options(model_replay_changed PRIVATE -Wno-error)

add_executable(model_other_build other_build_test.cpp)
target_link_libraries(model_other_build PRIVATE curfew_model_check curfew::ledger GTest::gmock GTest::gtest_main
                                                curfew_settings)
target_compile_definitions(model_other_build PRIVATE
  CURFEW_REPLAY_OTHER="$<TARGET_FILE:model_replay_other>" CURFEW_REPLAY_CHANGED="$<TARGET_FILE:model_replay_changed>")
add_dependencies(model_other_build model_replay_other model_replay_changed)
add_test(NAME model_other_build COMMAND model_other_build)
set_tests_properties(model_other_build PROPERTIES LABELS model TIMEOUT 600)
