# What every target of the project is compiled with.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(CURFEW_CCACHE ccache)
if(CURFEW_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER "${CURFEW_CCACHE}")
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CURFEW_CCACHE}")
endif()
find_program(CURFEW_MOLD mold)
if(CURFEW_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

set(CURFEW_SANITIZE "" CACHE STRING "Comma-separated sanitizers: address,undefined or thread")

add_library(curfew_settings INTERFACE)
target_compile_features(curfew_settings INTERFACE cxx_std_20 c_std_11)
target_compile_options(curfew_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast
  -Wcast-qual -Wformat=2 -Wundef -Werror -fstack-protector-strong)
# Members left out of a designated initializer have defaults: that is what they are for.
target_compile_options(curfew_settings INTERFACE -Wno-missing-field-initializers)
# GCC 12 sees overlaps where strings are joined (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(curfew_settings INTERFACE -Wno-restrict)
endif()
# GCC 12 takes a value for overwritten by `value = call()` also where the call throws, and drops what it was before:
# each optimized build of ours would have it wrong somewhere.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT DEFINED CURFEW_STORES_ARE_KEPT)
  try_run(ran compiled "${CMAKE_BINARY_DIR}/checks" "${CMAKE_SOURCE_DIR}/cmake/checks/keeps_what_a_call_did_not_assign.cpp"
          COMPILE_DEFINITIONS -O2 CXX_STANDARD 20)
  if(compiled AND ran EQUAL 0)
    set(CURFEW_STORES_ARE_KEPT ON CACHE INTERNAL "")
  else()
    message(STATUS "The compiler drops stores that an exception would show: built without tree-dse")
    set(CURFEW_STORES_ARE_KEPT OFF CACHE INTERNAL "")
  endif()
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CURFEW_STORES_ARE_KEPT)
  target_compile_options(curfew_settings INTERFACE -fno-tree-dse)
endif()
# C has no such warnings.
target_compile_options(curfew_settings INTERFACE $<$<COMPILE_LANGUAGE:C>:-Wno-old-style-cast>)
target_compile_definitions(curfew_settings INTERFACE
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2> CURFEW_VERSION="${PROJECT_VERSION}")
target_link_options(curfew_settings INTERFACE -Wl,-z,relro,-z,now)
if(CURFEW_SANITIZE)
  # What can't be held under a sanitizer asks for this; compilers name theirs differently.
  target_compile_definitions(curfew_settings INTERFACE CURFEW_SANITIZED)
  target_compile_options(curfew_settings INTERFACE -fsanitize=${CURFEW_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  # Types are compared by their descriptors, and a plugin with hidden symbols has its own.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND CURFEW_SANITIZE MATCHES "undefined")
    target_compile_options(curfew_settings INTERFACE -fno-sanitize=function,vptr)
  endif()
  target_link_options(curfew_settings INTERFACE -fsanitize=${CURFEW_SANITIZE})
endif()
