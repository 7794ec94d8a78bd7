curfew_tests(integration api curfew::api)
