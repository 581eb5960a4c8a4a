# How every target of the project is made.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Flags for our own code: one interface target, linked by every target below.
add_library(gridplus_flags INTERFACE)
target_include_directories(gridplus_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(gridplus_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers
                                                -ffp-contract=off)
target_link_libraries(gridplus_flags INTERFACE OpenMP::OpenMP_CXX)
if(GRIDPLUS_WERROR)
  # g++ 12 takes members of aggregates of strings for uninitialised (a false alarm).
  target_compile_options(gridplus_flags INTERFACE -Werror $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
if(GRIDPLUS_SANITIZE)
  target_compile_options(gridplus_flags INTERFACE -fsanitize=${GRIDPLUS_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all)
  target_link_options(gridplus_flags INTERFACE -fsanitize=${GRIDPLUS_SANITIZE})
endif()
if(GRIDPLUS_FUZZ)
  target_compile_options(gridplus_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(GRIDPLUS_TIDY)
  set(CMAKE_CXX_CLANG_TIDY clang-tidy)
endif()

# gridplus_library(NAME SOURCES a.cpp b.cpp USES gridplus_core fmt::fmt PRIVATE_USES yaml-cpp)
# One static library a folder. USES: what its headers need; PRIVATE_USES: what only its .cpp files need.
function(gridplus_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PRIVATE_USES" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC gridplus_flags ${ARG_USES} PRIVATE ${ARG_PRIVATE_USES})
endfunction()

# What .ci/run builds under the sanitizers and with clang, without naming programs one by one.
add_custom_target(gridplus_fast_tests)
add_custom_target(gridplus_thread_tests)
add_custom_target(gridplus_fuzzers)

# gridplus_test(NAME SOURCES a_test.cpp USES gridplus_grid [SLOW] [THREADS])
# One test program a folder of tests; every TEST in it is known to ctest by its own name. A test finds the checkout by
# the macro GRIDPLUS_SOURCE_DIR.
#   SLOW     takes minutes under a sanitizer (large cases, whole years): ctest label `slow` in place of `fast`
#   THREADS  runs code on several threads: label `threads`, also run under the thread sanitizer
function(gridplus_test name)
  cmake_parse_arguments(ARG "SLOW;THREADS" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE gridplus_flags ${ARG_USES} GTest::gtest_main rapidcheck rapidcheck_gtest)
  target_compile_definitions(${name} PRIVATE GRIDPLUS_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  # One word: gtest_discover_tests takes no list of labels. `ctest -L` looks for a part of it.
  if(ARG_SLOW)
    set(label slow)
  else()
    set(label fast)
    add_dependencies(gridplus_fast_tests ${name})
  endif()
  if(ARG_THREADS)
    string(APPEND label +threads)
    add_dependencies(gridplus_thread_tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 600 LABELS ${label})
endfunction()

# gridplus_python_test(NAME FILE what_test.py [TIMEOUT seconds])
# A pytest file as one ctest test with the label `python`. It finds the programs and the checkout through the
# environment: GRIDPLUS_BIN (folder with `gridplus`), GRIDPLUS_SOURCE (the checkout), GRIDPLUS_BUILD (the build folder).
# The system's python3 runs it: another python3 that stands first in PATH may lack the Debian packages.
function(gridplus_python_test name)
  cmake_parse_arguments(ARG "" "FILE;TIMEOUT" "" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_test(NAME ${name} COMMAND ${GRIDPLUS_PYTHON} -m pytest -q -p no:cacheprovider -rs
                                ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_FILE})
  set(environment "GRIDPLUS_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" "GRIDPLUS_SOURCE=${CMAKE_SOURCE_DIR}"
                  "GRIDPLUS_BUILD=${CMAKE_BINARY_DIR}" "PYTHONDONTWRITEBYTECODE=1" "PYTHONNOUSERSITE=1")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS python ENVIRONMENT "${environment}")
endfunction()

# gridplus_fuzzer(NAME SOURCES fuzz_x.cpp USES gridplus_scenarios)
# A libFuzzer program; its seeds are in tests/fuzz/corpus/<what>, for the program fuzz_<what>.
function(gridplus_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE gridplus_flags ${ARG_USES})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  add_dependencies(gridplus_fuzzers ${name})
endfunction()

# gridplus_benchmark(NAME SOURCES x_benchmark.cpp USES gridplus_powerflow)
function(gridplus_benchmark name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE gridplus_flags ${ARG_USES} benchmark::benchmark_main)
endfunction()
