# Programs on the frameworks that tasks/*.hpp adapt; what is not installed is left out, which its test says.
# tasks_framework_target(NAME FOUND LIBRARIES...)
function(tasks_framework_target name found)
  if(NOT found)
    message(STATUS "tests: ${name} is left out: its framework is not installed (packaging/install-deps.sh test)")
    return()
  endif()
  tasks_target(${name} ${name}.cpp AGENT)
  target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()

find_package(Boost 1.81 QUIET COMPONENTS fiber context)
tasks_framework_target(fibers "${Boost_FIBER_FOUND}" Boost::fiber Boost::context)
if(TARGET fibers AND TASKS_SANITIZE STREQUAL "thread")
  target_compile_options(fibers PRIVATE -Wno-tsan) # of Boost's own fences
endif()

find_package(TBB QUIET)
tasks_framework_target(tbb_work "${TBB_FOUND}" TBB::tbb)

tasks_target(futures futures.cpp AGENT)

# LLVM's OpenMP, with either compiler: g++ calls it by the names of its own runtime, which it has too. Its header for
# tools lies among clang's own, which g++ must not see before its own.
find_library(TASKS_LIBOMP omp PATHS /usr/lib/llvm-19/lib)
file(GLOB omp_tools /usr/lib/llvm-19/lib/clang/*/include/omp-tools.h)
if(TASKS_LIBOMP AND omp_tools)
  set(omp_found TRUE)
endif()
tasks_framework_target(openmp_work "${omp_found}" ${TASKS_LIBOMP})
if(TARGET openmp_work)
  get_filename_component(omp_directory ${omp_tools} DIRECTORY)
  target_compile_options(openmp_work PRIVATE -fopenmp$<$<CXX_COMPILER_ID:Clang>:=libomp>
    "SHELL:-idirafter ${omp_directory}")
endif()
