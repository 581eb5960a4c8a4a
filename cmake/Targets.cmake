# How every target of the project is made.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Flags for our own code: one interface target, linked by every target below.
add_library(gridplus_flags INTERFACE)
target_include_directories(gridplus_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(gridplus_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
                                                -ffp-contract=off)
target_link_libraries(gridplus_flags INTERFACE OpenMP::OpenMP_CXX)
if(GRIDPLUS_WERROR)
  target_compile_options(gridplus_flags INTERFACE -Werror)
endif()
if(GRIDPLUS_SANITIZE)
  target_compile_options(gridplus_flags INTERFACE -fsanitize=${GRIDPLUS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(gridplus_flags INTERFACE -fsanitize=${GRIDPLUS_SANITIZE})
endif()
if(GRIDPLUS_FUZZ)
  target_compile_options(gridplus_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -g)
  target_link_options(gridplus_flags INTERFACE -fsanitize=address,undefined)
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

# gridplus_test(NAME SOURCES a_test.cpp USES gridplus_grid)
# One test program a folder of tests; every TEST in it is known to ctest by its own name.
function(gridplus_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE gridplus_flags ${ARG_USES} GTest::gtest_main rapidcheck rapidcheck_gtest)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600)
endfunction()
