# The small texts: times, durations, references, names, addresses, query values, recorded JSON, postmaster.pid.
curfew_fuzz(texts "${CMAKE_CURRENT_LIST_DIR}/texts_fuzz.cpp" LIBRARIES curfew::api curfew::connector curfew::store)
