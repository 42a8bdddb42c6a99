# holdfast_module(gateway/s3 DEPENDS base net TEST_DEPENDS sim OUTSIDE rocksdb LINK RocksDB::rocksdb)
#
# Makes of src/gateway/s3/ the library `gateway_s3`, and of its files named
#   *_test.cpp   one test program, `gateway_s3_test`, registered with ctest,
#   *_fuzz.cpp   a libFuzzer program each, `gateway_s3_THING_fuzz` (preset `fuzz` only),
#   *_bench.cpp  one Google Benchmark program, `gateway_s3_bench` (preset `release` only).
# A folder of headers only becomes an interface library. `main.cpp` belongs to no library.
#
#   DEPENDS       modules that its code may include        (checked by tools/tidy.py)
#   TEST_DEPENDS  modules that only its tests may include  (checked by tools/tidy.py)
#   OUTSIDE       parts of the outside world that its .cpp files may reach, by the words of
#                 tools/tidy.py
#   LINK          libraries from outside the project

set(holdfast_warnings -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor)
option(HOLDFAST_WERROR "Treat warnings as errors" ON)
if(HOLDFAST_WERROR)
  list(APPEND holdfast_warnings -Werror)
endif()
option(HOLDFAST_FUZZ "Build the fuzzers" OFF)
option(HOLDFAST_BENCH "Build the benchmarks" OFF)

# Leaves the time out of precompiled headers, so that ccache recognises an unchanged one.
set(holdfast_pch_options "SHELL:-Xclang -fno-pch-timestamp")

function(holdfast_module folder)
  cmake_parse_arguments(PARSE_ARGV 1 module "" "" "DEPENDS;TEST_DEPENDS;OUTSIDE;LINK")
  list(TRANSFORM module_DEPENDS REPLACE "/" "_")
  list(TRANSFORM module_TEST_DEPENDS REPLACE "/" "_")
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS src/${folder}/*.cpp src/${folder}/*.c)
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benchmarks ${sources})
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz|bench)|/main)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER benchmarks INCLUDE REGEX "_bench\\.cpp$")

  if(sources)
    add_library(${name} STATIC ${sources})
    target_include_directories(${name} PUBLIC src)
    target_link_libraries(${name} PUBLIC ${module_DEPENDS} PRIVATE ${module_LINK})
    holdfast_compile(${name} pch)
  else()
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE src)
    target_link_libraries(${name} INTERFACE ${module_DEPENDS} ${module_LINK})
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test
                          PRIVATE ${name} ${module_TEST_DEPENDS} ${module_LINK} GTest::gtest_main)
    holdfast_compile(${name}_test test_pch)
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endif()
  if(HOLDFAST_FUZZ)
    foreach(file IN LISTS fuzzers)
      get_filename_component(thing ${file} NAME_WE)
      add_executable(${name}_${thing} ${file})
      target_link_libraries(${name}_${thing}
                            PRIVATE ${name} ${module_TEST_DEPENDS} ${module_LINK})
      target_link_options(${name}_${thing} PRIVATE -fsanitize=fuzzer)
      holdfast_compile(${name}_${thing} pch)
    endforeach()
  endif()
  if(HOLDFAST_BENCH AND benchmarks)
    add_executable(${name}_bench ${benchmarks})
    target_link_libraries(${name}_bench PRIVATE ${name} ${module_TEST_DEPENDS} ${module_LINK}
                                                benchmark::benchmark_main)
    holdfast_compile(${name}_bench pch)
  endif()
endfunction()

function(holdfast_compile target pch)
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CXX>:${holdfast_warnings}>"
                                           "$<$<COMPILE_LANGUAGE:CXX>:${holdfast_pch_options}>")
  target_precompile_headers(${target} REUSE_FROM ${pch})
endfunction()

# holdfast_precompile(test_pch LINK GTest::gtest HEADERS cmake/pch.h <gtest/gtest.h>)
#
# A precompiled header for many targets. They must all be compiled with the same flags.
function(holdfast_precompile name)
  cmake_parse_arguments(PARSE_ARGV 1 pch "" "" "LINK;HEADERS")
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cpp CONTENT "")
  add_library(${name} STATIC ${CMAKE_BINARY_DIR}/${name}.cpp)
  target_link_libraries(${name} PRIVATE asio ${pch_LINK})
  target_compile_options(${name} PRIVATE ${holdfast_warnings} ${holdfast_pch_options})
  target_precompile_headers(${name} PRIVATE ${pch_HEADERS})
endfunction()
