# `cmake --build BUILD --target package`, into BUILD/packages: a tarball, which works wherever it is
# unpacked; or, from a build that is configured for /usr, Debian packages, whose files are where
# Debian wants them. Other generators: cpack -G.
set(CPACK_PACKAGE_NAME sslcuda)
set(CPACK_PACKAGE_VENDOR "libsslcuda maintainers")
set(SSLCUDA_PACKAGE_CONTACT "libsslcuda maintainers <maintainers@sslcuda.invalid>" CACHE STRING
    "Name and address of who makes the packages")
set(CPACK_PACKAGE_CONTACT "${SSLCUDA_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGE_DIRECTORY "${PROJECT_BINARY_DIR}/packages")
set(CPACK_PACKAGE_CHECKSUM SHA256)
set(CPACK_STRIP_FILES ON)
# Whatever the umask of who builds.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
    GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_COMPONENTS_ALL runtime development)
if(TARGET sslcuda_trainer)
  list(APPEND CPACK_COMPONENTS_ALL tools)
endif()
set(CPACK_VERBATIM_VARIABLES ON)

set(_kind cpu)
if(SSLCUDA_WITH_CUDA)
  set(_kind "cuda${CUDAToolkit_VERSION_MAJOR}")
endif()
set(CPACK_PACKAGE_FILE_NAME
    "sslcuda-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}-${_kind}")

# Looks at sizes, and that no library of CUDA came along.
set(CPACK_POST_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/packaging/check.cmake")

set(_examples "${PROJECT_SOURCE_DIR}/examples/infonce.c" "${PROJECT_SOURCE_DIR}/examples/clip.c")
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  set(CPACK_GENERATOR DEB)
  include("${CMAKE_CURRENT_LIST_DIR}/packaging/debian.cmake")
else()
  set(CPACK_GENERATOR TGZ)
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" "${CMAKE_CURRENT_LIST_DIR}/packaging/copyright"
          DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/sslcuda" COMPONENT runtime)
  install(FILES ${_examples}
          DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/sslcuda/examples" COMPONENT development)
  if(TARGET sslcuda_trainer)
    install(FILES "${PROJECT_BINARY_DIR}/sslcuda.1"
            DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT tools)
  endif()
endif()
set(CPACK_SOURCE_GENERATOR TGZ)
set(CPACK_SOURCE_PACKAGE_FILE_NAME "sslcuda-${PROJECT_VERSION}")
set(CPACK_SOURCE_IGNORE_FILES /build /\\.git/ /\\.venv /\\.cache/ __pycache__ /runs/ /demo/)
include(CPack)
