# What smbstatus --json writes, and what it says of sessions that live.
curfew_fuzz(windows_smb_listing "${CMAKE_CURRENT_LIST_DIR}/listing_fuzz.cpp" LIBRARIES curfew_windows_readers)
