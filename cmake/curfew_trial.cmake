# curfew-trial: the process in which a plugin is tried before it is let in (core/connector/trial.hpp). It lies
# beside the programs of the build, and in libexec when installed.
add_executable(curfew-trial core/connector/trial/main.cpp)
target_link_libraries(curfew-trial PRIVATE curfew::connector curfew_settings)
install(TARGETS curfew-trial RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/curfew)
if(TARGET curfew)
  add_dependencies(curfew curfew-trial)
endif()
