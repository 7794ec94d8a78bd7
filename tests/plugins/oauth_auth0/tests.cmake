curfew_tests(plugins oauth_auth0 curfew_oauth_providers curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json)
if(TARGET plugins_oauth_auth0)
  add_dependencies(plugins_oauth_auth0 oauth)
endif()
