# curfew_add_connector(<name> SOURCES <file>... [LIBRARIES <target>...])
#
# Builds the connector plugin lib/curfew/plugins/<name>.so: hidden visibility, bound at load (-z now), never
# unloaded (-z nodelete), with one exported symbol. Works inside Curfew's own build and for an installed SDK.
set(CURFEW_CONNECTOR_CMAKE_DIR "${CMAKE_CURRENT_LIST_DIR}")
function(curfew_add_connector name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "OUTPUT_DIRECTORY" "SOURCES;LIBRARIES")
  add_library(${name} MODULE ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE curfew::sdk ${arg_LIBRARIES})
  target_link_options(${name} PRIVATE -Wl,-z,now -Wl,-z,nodelete
    "-Wl,--version-script=${CURFEW_CONNECTOR_CMAKE_DIR}/connector.map")
  # A sanitizer's runtime is in the program that loads the plugin.
  if(NOT CURFEW_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
  endif()
  if(NOT arg_OUTPUT_DIRECTORY)
    set(arg_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/curfew/plugins")
  endif()
  set_target_properties(${name} PROPERTIES PREFIX "" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LIBRARY_OUTPUT_DIRECTORY "${arg_OUTPUT_DIRECTORY}"
    LINK_DEPENDS "${CURFEW_CONNECTOR_CMAKE_DIR}/connector.map")
  # Curfew loads nothing that others may write, whatever the umask of the build.
  add_custom_command(TARGET ${name} POST_BUILD COMMAND chmod go-w "$<TARGET_FILE:${name}>" VERBATIM)
endfunction()
