# A first build of everything spends a quarter of its time reading the same headers again. Those that most files
# include are read once, where asked for; the sanitizers' builds read them each time, so that a missing include shows.
option(CURFEW_PRECOMPILE "Read the headers that most files include once" OFF)

# ccache takes them only if it need not look at their times and macros.
if(CURFEW_PRECOMPILE AND CURFEW_CCACHE AND CMAKE_CXX_COMPILER_LAUNCHER STREQUAL CURFEW_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND};-E;env;CCACHE_SLOPPINESS=pch_defines,time_macros;${CURFEW_CCACHE}")
endif()

set(CURFEW_PRECOMPILED_HEADERS <algorithm> <chrono> <filesystem> <functional> <map> <memory> <mutex> <optional> <set>
    <sstream> <string> <thread> <unordered_map> <variant> <vector>)

# curfew_precompile(<target> <header>...): the standard library's headers, and these, for each file of the target.
function(curfew_precompile target)
  if(CURFEW_PRECOMPILE)
    # GCC forgets there that a string's own code is a system header's, and warns of it.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-error=array-bounds>
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-error=stringop-overflow> $<$<CXX_COMPILER_ID:GNU>:-Wno-error=stringop-overread>)
    target_precompile_headers(${target} PRIVATE ${CURFEW_PRECOMPILED_HEADERS} ${ARGN})
  endif()
endfunction()
