curfew_tests(plugins oauth_openid curfew_oauth_providers curfew::app curfew_test_support Poco::Net nlohmann_json::nlohmann_json)
if(TARGET plugins_oauth_openid)
  add_dependencies(plugins_oauth_openid oauth)
endif()
