curfew_fuzz(shared_signals "${CMAKE_CURRENT_LIST_DIR}/signals_fuzz.cpp" LIBRARIES curfew_oauth_providers nlohmann_json::nlohmann_json)
