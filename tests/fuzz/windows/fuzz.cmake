# Logs in every shape and archive that the windows connector reads.
curfew_fuzz(windows "${CMAKE_CURRENT_LIST_DIR}/readers_fuzz.cpp" LIBRARIES curfew_windows_readers)
