# tasks_instrument(TARGET... [SHARED]): registers all coroutines and operations of Boost.Asio and of standalone Asio in
# these targets, with no change of their sources: see tasks-adapters(7), ASIO. <tasks/asio.hpp> is put in front of each
# C++ source, and the agent is linked: the static one, or with SHARED the shared one, which a program of several
# instrumented libraries needs. Starts no agent: the program does that, or `tasks run`.
#
# Part of find_package(Tasks), and of a project that has tasks as a subdirectory.

# Where this file is installed beside the package's configuration, what it needs is where that says.
if(NOT DEFINED TASKS_INCLUDE_DIRECTORY)
  set(TASKS_INCLUDE_DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/../agent/include)
endif()
get_filename_component(tasks_include_directory ${TASKS_INCLUDE_DIRECTORY} ABSOLUTE)
set_property(GLOBAL PROPERTY TASKS_ASIO_HEADER ${tasks_include_directory}/tasks/asio.hpp)
# A header named as one of standalone Asio's, found before it.
set_property(GLOBAL PROPERTY TASKS_ASIO_STANDALONE ${CMAKE_CURRENT_LIST_DIR}/standalone)
unset(tasks_include_directory)

function(tasks_instrument)
  cmake_parse_arguments(PARSE_ARGV 0 arg SHARED "" "")
  if(NOT arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tasks_instrument: name one target or more")
  endif()
  set(agent Tasks::agent)
  if(arg_SHARED)
    set(agent Tasks::agent_shared)
  endif()
  get_property(header GLOBAL PROPERTY TASKS_ASIO_HEADER)
  get_property(standalone GLOBAL PROPERTY TASKS_ASIO_STANDALONE)
  foreach(target IN LISTS arg_UNPARSED_ARGUMENTS)
    if(NOT TARGET ${target})
      message(FATAL_ERROR "tasks_instrument: there is no target ${target}; call it after add_executable or add_library")
    endif()
    get_target_property(type ${target} TYPE)
    set(prefix "")
    set(scope PRIVATE)
    if(type STREQUAL INTERFACE_LIBRARY)
      set(prefix INTERFACE_)
      set(scope INTERFACE)
    elseif(NOT type MATCHES "^(EXECUTABLE|(STATIC|SHARED|MODULE|OBJECT)_LIBRARY)$")
      message(FATAL_ERROR "tasks_instrument: ${target} is a ${type}; it compiles nothing")
    endif()
    target_compile_options(${target} ${scope} "$<$<COMPILE_LANGUAGE:CXX>:SHELL:-include \"${header}\">")
    target_include_directories(${target} BEFORE ${scope} ${standalone})
    # By properties, since target_link_libraries would have to be called as the target's own project calls it.
    set_property(TARGET ${target} APPEND PROPERTY ${prefix}LINK_LIBRARIES ${agent})
    if(type MATCHES "^(STATIC|OBJECT)_LIBRARY$")
      set_property(TARGET ${target} APPEND PROPERTY INTERFACE_LINK_LIBRARIES $<LINK_ONLY:${agent}>)
    endif()
  endforeach()
endfunction()
