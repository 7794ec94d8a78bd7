# librdkafka can't run under the thread sanitizer: builds with it have no Kafka, and no tests of it.
if(NOT CURFEW_SANITIZE MATCHES "thread")
  pkg_check_modules(curfew_rdkafka REQUIRED IMPORTED_TARGET rdkafka)
  curfew_tests(plugins oauth_entra_hub curfew_oauth_providers curfew_kafka PkgConfig::curfew_rdkafka
               nlohmann_json::nlohmann_json)
endif()
