# libevtx is there for comparison alone.
pkg_check_modules(curfew_evtx REQUIRED IMPORTED_TARGET libevtx)
curfew_bench(windows "${CMAKE_CURRENT_LIST_DIR}/readers_bench.cpp"
  LIBRARIES curfew_windows_readers PkgConfig::curfew_evtx)
