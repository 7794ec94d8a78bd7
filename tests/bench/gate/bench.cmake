# The gate's view by itself, and what tokens cost it; and served, for tests/bench/gate/against_nginx.
curfew_bench(gate ${CMAKE_CURRENT_LIST_DIR}/gate_bench.cpp ${CMAKE_CURRENT_LIST_DIR}/tokens_bench.cpp
             LIBRARIES curfew::api PkgConfig::curfew_cjose OpenSSL::Crypto nlohmann_json::nlohmann_json)
