file(GLOB windows_fuzz_readers "${CMAKE_SOURCE_DIR}/plugins/windows/*.cpp")
list(FILTER windows_fuzz_readers EXCLUDE REGEX "/connector\\.cpp$")
# Built anew here: what the fuzzer is to find its way through must be instrumented.
curfew_fuzz(windows "${CMAKE_CURRENT_LIST_DIR}/readers_fuzz.cpp" ${windows_fuzz_readers}
  LIBRARIES curfew::sdk PkgConfig::curfew_evtx PkgConfig::curfew_archive simdjson::simdjson)
target_include_directories(fuzz_windows PRIVATE "${CMAKE_SOURCE_DIR}")
