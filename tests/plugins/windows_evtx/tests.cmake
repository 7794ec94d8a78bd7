#libevtx is what our own reader of EVTX is compared with : the product doesn't use it.
pkg_check_modules(curfew_evtx REQUIRED IMPORTED_TARGET libevtx)
    curfew_tests(plugins windows_evtx curfew_windows_readers nlohmann_json::nlohmann_json PkgConfig::curfew_evtx)
