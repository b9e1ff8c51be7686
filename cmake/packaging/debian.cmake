# The Debian packages libsslcuda1, libsslcuda-dev and sslcuda-tools. What they depend on is found by
# dpkg-shlibdeps. CUDA is not among it: its runtime is linked in, and loads the driver if there is one.
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# A build without CUDA gives way to one of the same version with it.
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
if(NOT SSLCUDA_WITH_CUDA)
  string(APPEND CPACK_DEBIAN_PACKAGE_RELEASE "~cpu")
endif()
set(_version "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
set(_library "libsslcuda${PROJECT_VERSION_MAJOR}")
set(_about "Hand-written kernels for self-supervised learning behind one C header:
contrastive losses without the N x N matrix, layers, optimisers and random
views of images, on NVIDIA GPUs and, with the same calls, on the CPU.")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own

# sslcuda_debian_package(COMPONENT NAME SECTION "what it is" "what is in it")
function(sslcuda_debian_package component name section summary content)
  string(TOUPPER "CPACK_DEBIAN_${component}" prefix)
  set("${prefix}_PACKAGE_NAME" "${name}" PARENT_SCOPE)
  set("${prefix}_PACKAGE_SECTION" "${section}" PARENT_SCOPE)
  set("${prefix}_DESCRIPTION" "${summary}\n${_about}\n.\n${content}" PARENT_SCOPE)

  set(documents "${PROJECT_BINARY_DIR}/debian/${name}")
  string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
  file(CONFIGURE OUTPUT "${documents}/changelog.Debian" @ONLY CONTENT
"sslcuda (@_version@) unstable; urgency=medium

  * Release of libsslcuda @PROJECT_VERSION@.

 -- @CPACK_PACKAGE_CONTACT@  @date@
")
  configure_file("${PROJECT_SOURCE_DIR}/CHANGELOG.md" "${documents}/changelog" COPYONLY)
  execute_process(COMMAND gzip -9nf changelog changelog.Debian
                  WORKING_DIRECTORY "${documents}" COMMAND_ERROR_IS_FATAL ANY)
  configure_file("${PROJECT_SOURCE_DIR}/cmake/packaging/copyright" "${documents}/copyright" COPYONLY)
  install(DIRECTORY "${documents}" DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc"
          COMPONENT ${component})
endfunction()

sslcuda_debian_package(runtime "${_library}" libs
  "kernels for self-supervised learning - library" "This package has the shared library.")
sslcuda_debian_package(development libsslcuda-dev libdevel
  "kernels for self-supervised learning - development files"
  "This package has the header, and what CMake and pkg-config need to find the\nlibrary.")

install(FILES ${_examples} DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/libsslcuda-dev/examples"
        COMPONENT development)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# Programs that are packed beside the library with CUDA go with the one without it, too.
file(WRITE "${PROJECT_BINARY_DIR}/debian/shlibs"
     "libsslcuda ${PROJECT_VERSION_MAJOR} ${_library} (>= ${PROJECT_VERSION})\n")
file(WRITE "${PROJECT_BINARY_DIR}/debian/triggers" "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_CONTROL_EXTRA
    "${PROJECT_BINARY_DIR}/debian/shlibs" "${PROJECT_BINARY_DIR}/debian/triggers")
set(CPACK_DEBIAN_PACKAGE_MULTIARCH same)  # from CMake 3.31 on
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${_library} (= ${_version})")
if(SSLCUDA_WITH_CUDA)
  set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS libcuda1)
endif()

if(TARGET sslcuda_trainer)
  sslcuda_debian_package(tools sslcuda-tools science
    "kernels for self-supervised learning - trainer"
    "This package has the command sslcuda, which trains encoders of images and\nmeasures what they have learned.")
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}/capi")
  set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${_library} (= ${_version})")
  set(CPACK_DEBIAN_TOOLS_PACKAGE_SUGGESTS dataset-fashion-mnist)
  set(CPACK_DEBIAN_TOOLS_PACKAGE_MULTIARCH foreign)
  execute_process(COMMAND gzip -9nkf sslcuda.1
                  WORKING_DIRECTORY "${PROJECT_BINARY_DIR}" COMMAND_ERROR_IS_FATAL ANY)
  install(FILES "${PROJECT_BINARY_DIR}/sslcuda.1.gz"
          DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT tools)
endif()
