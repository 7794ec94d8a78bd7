curfew_tests(plugins oauth_logout curfew_oauth_providers PkgConfig::curfew_cjose Poco::Net nlohmann_json::nlohmann_json)
target_sources(plugins_oauth_logout PRIVATE "${CMAKE_SOURCE_DIR}/tests/support/fake_api.cpp")
