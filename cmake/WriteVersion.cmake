# Run at every build by cmake/Version.cmake: writes GENERATED from TEMPLATE, only if that changes it.

set(GIT_HASH unknown)
find_program(GIT git)
if(GIT AND EXISTS ${SOURCE}/.git)
  execute_process(COMMAND ${GIT} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
                  OUTPUT_VARIABLE described RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(GIT_HASH ${described})
  endif()
endif()
configure_file(${TEMPLATE} ${GENERATED} @ONLY)
