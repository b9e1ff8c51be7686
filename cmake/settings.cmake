# What every target of the project is compiled with.
if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(SSLCUDA_CCACHE ccache)
mark_as_advanced(SSLCUDA_CCACHE)
if(SSLCUDA_CCACHE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SSLCUDA_CCACHE}")
  set(CMAKE_CUDA_COMPILER_LAUNCHER "${SSLCUDA_CCACHE}")
endif()

add_library(sslcuda_settings INTERFACE)
target_compile_features(sslcuda_settings INTERFACE cxx_std_20)
target_include_directories(sslcuda_settings INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(sslcuda_settings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wshadow>
  $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra>
  # Clang tells which loops it did not vectorise; how fast its builds are does not matter.
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wno-pass-failed;-Wno-bitwise-conditional-parentheses>)

set(SSLCUDA_SANITIZE "" CACHE STRING "Sanitizers for everything, such as address,undefined")
if(SSLCUDA_SANITIZE)
  target_compile_options(sslcuda_settings INTERFACE
    $<$<COMPILE_LANGUAGE:CXX,C>:-fsanitize=${SSLCUDA_SANITIZE};-fno-omit-frame-pointer;-fno-sanitize-recover=all>)
  target_link_options(sslcuda_settings INTERFACE -fsanitize=${SSLCUDA_SANITIZE})
  # GCC says by macros what a build is for; Clang is made to.
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    if(SSLCUDA_SANITIZE MATCHES "thread")
      target_compile_definitions(sslcuda_settings INTERFACE __SANITIZE_THREAD__=1)
    else()
      target_compile_definitions(sslcuda_settings INTERFACE __SANITIZE_ADDRESS__=1)
    endif()
  endif()
endif()
