# Signed tokens that reach a gate: as they come, and with claims that somebody signed.
curfew_fuzz(gate_tokens "${CMAKE_CURRENT_LIST_DIR}/gate_tokens_fuzz.cpp"
            LIBRARIES curfew::enforcement PkgConfig::curfew_cjose nlohmann_json::nlohmann_json)
