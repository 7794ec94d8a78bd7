# A chunk of an EVTX file: binary XML, whatever its checksums say.
curfew_fuzz(windows_evtx "${CMAKE_CURRENT_LIST_DIR}/evtx_fuzz.cpp" LIBRARIES curfew_windows_readers)
