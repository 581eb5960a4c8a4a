# The program's version, git revision and compiler as a source file. The revision is looked up at every build, not only
# when CMake runs; without git or outside a work tree it is "unknown".

# gridplus_version(TARGET): adds the generated source behind sim/core/version.hpp to TARGET.
function(gridplus_version target)
  set(here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
  set(generated ${CMAKE_BINARY_DIR}/generated/version.cpp)
  set(arguments -DSOURCE=${here}/.. -DTEMPLATE=${here}/../sim/core/version.cpp.in -DGENERATED=${generated}
      -DVERSION=${PROJECT_VERSION} "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}"
      "-DBUILD_TYPE=${CMAKE_BUILD_TYPE}" -P ${here}/WriteVersion.cmake)
  add_custom_target(gridplus_revision COMMAND ${CMAKE_COMMAND} ${arguments} BYPRODUCTS ${generated}
                    COMMENT "Looking up the git revision" VERBATIM)
  target_sources(${target} PRIVATE ${generated})
  add_dependencies(${target} gridplus_revision)
endfunction()
