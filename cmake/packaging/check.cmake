# Run by CPack with the packages that it has made.
find_program(_python NAMES python3 REQUIRED)
execute_process(COMMAND "${_python}" "${CMAKE_CURRENT_LIST_DIR}/../../scripts/check_package"
                        ${CPACK_PACKAGE_FILES}
                RESULT_VARIABLE _result)
if(_result)
  message(FATAL_ERROR "the packages are not as they should be")
endif()
