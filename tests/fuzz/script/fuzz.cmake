# The replay connector's script. Built anew here: what the fuzzer is to find its way through must be instrumented.
curfew_fuzz(script "${CMAKE_CURRENT_LIST_DIR}/script_fuzz.cpp" "${CMAKE_SOURCE_DIR}/plugins/replay/script.cpp"
  LIBRARIES curfew::sdk nlohmann_json::nlohmann_json)
