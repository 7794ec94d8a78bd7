# What the windows connector is given besides logs: its settings, its cursors, what it remembered.
curfew_fuzz(windows_memory "${CMAKE_CURRENT_LIST_DIR}/memory_fuzz.cpp" LIBRARIES curfew_windows_readers)
