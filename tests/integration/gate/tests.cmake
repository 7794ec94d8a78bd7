# The gate's server, and the proxies of docs/proxies before it, as Debian has them.
curfew_tests(integration gate curfew::app curfew_test_support Poco::Net Poco::NetSSL Curfew::libevent)
