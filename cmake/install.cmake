# `cmake --install`: headers, library, command, CMake package and pkg-config file. Nothing in what is
# installed names the prefix, so the tree can be moved; what is configured for /usr stays there.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/sslcuda")

install(FILES "${PROJECT_SOURCE_DIR}/capi/include/sslcuda.h"
              "${PROJECT_SOURCE_DIR}/bindings/cpp/include/sslcuda.hpp"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT development)
install(TARGETS sslcuda EXPORT sslcuda-targets
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
                COMPONENT runtime NAMELINK_COMPONENT development
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

if(TARGET sslcuda_trainer)
  # A system's library is found without help, and Debian forbids to name its folder.
  if(NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    file(RELATIVE_PATH _bin_to_lib "/${CMAKE_INSTALL_BINDIR}" "/${CMAKE_INSTALL_LIBDIR}")
    set_target_properties(sslcuda_trainer PROPERTIES INSTALL_RPATH "$ORIGIN/${_bin_to_lib}")
  endif()
  install(TARGETS sslcuda_trainer
          RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT tools)
  configure_file("${CMAKE_CURRENT_LIST_DIR}/packaging/sslcuda.1.in"
                 "${PROJECT_BINARY_DIR}/sslcuda.1" @ONLY)
endif()

install(EXPORT sslcuda-targets NAMESPACE sslcuda::
        DESTINATION "${_package_dir}" COMPONENT development)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/sslcuda-config.cmake.in"
  "${PROJECT_BINARY_DIR}/sslcuda-config.cmake" INSTALL_DESTINATION "${_package_dir}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/sslcuda-config-version.cmake"
  COMPATIBILITY SameMajorVersion)
install(FILES "${PROJECT_BINARY_DIR}/sslcuda-config.cmake"
              "${PROJECT_BINARY_DIR}/sslcuda-config-version.cmake"
        DESTINATION "${_package_dir}" COMPONENT development)

set(_pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(_pc_prefix /usr)  # literally, for pkg-config leaves out what the compiler searches anyway
else()
  file(RELATIVE_PATH _pc_to_prefix "/${_pc_dir}" "/")
  set(_pc_prefix "\${pcfiledir}/${_pc_to_prefix}")
endif()
configure_file("${CMAKE_CURRENT_LIST_DIR}/sslcuda.pc.in" "${PROJECT_BINARY_DIR}/sslcuda.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/sslcuda.pc" DESTINATION "${_pc_dir}" COMPONENT development)
