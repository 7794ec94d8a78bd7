curfew_tests(integration api curfew::api curfew_test_support)
