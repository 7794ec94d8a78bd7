curfew_tests(plugins oauth_authentik curfew_oauth_providers curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json)
if(TARGET plugins_oauth_authentik)
  add_dependencies(plugins_oauth_authentik oauth)
endif()
