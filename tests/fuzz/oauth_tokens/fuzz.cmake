curfew_fuzz(oauth_tokens "${CMAKE_CURRENT_LIST_DIR}/tokens_fuzz.cpp" LIBRARIES curfew_oauth_providers PkgConfig::curfew_cjose Poco::Net)
