# The version has one home, the header.
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../capi/include/sslcuda.h" _lines
     REGEX "^#define SSLCUDA_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE "[^0-9;]" "" _lines "${_lines}")
string(REPLACE ";" "." SSLCUDA_VERSION "${_lines}")
