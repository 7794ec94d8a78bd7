# What is pushed to the windows connector: requests as Winlogbeat, NXLog and collectors send them.
curfew_fuzz(windows_push "${CMAKE_CURRENT_LIST_DIR}/push_fuzz.cpp" LIBRARIES curfew_windows_readers)
