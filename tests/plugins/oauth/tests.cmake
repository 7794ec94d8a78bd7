curfew_tests(plugins oauth curfew_oauth_providers curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json)
if(TARGET plugins_oauth)
  add_dependencies(plugins_oauth oauth)
endif()
