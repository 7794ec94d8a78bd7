# The host with a real plugin: plugins/replay.
curfew_tests(conformance host curfew::connector)
add_dependencies(conformance_host replay)
