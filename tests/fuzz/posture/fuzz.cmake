# The kept status of the controls, as a daemon finds it at its start.
curfew_fuzz(posture "${CMAKE_CURRENT_LIST_DIR}/posture_fuzz.cpp" LIBRARIES curfew::report)
