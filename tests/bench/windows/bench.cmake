curfew_bench(windows "${CMAKE_CURRENT_LIST_DIR}/readers_bench.cpp"
  LIBRARIES curfew_windows_readers PkgConfig::curfew_evtx)
