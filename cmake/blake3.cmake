# blake3: the official C and assembly implementation, compiled from the sources that the package
# librust-blake3-dev installs. x86-64 uses the assembly, chosen by the processor at run time.
file(GLOB blake3_roots /usr/share/cargo/registry/blake3-*/c)
if(NOT blake3_roots)
  message(FATAL_ERROR "BLAKE3 sources not found: apt-get install librust-blake3-dev")
endif()
list(GET blake3_roots 0 blake3_root)

add_library(blake3 STATIC ${blake3_root}/blake3.c ${blake3_root}/blake3_dispatch.c
                          ${blake3_root}/blake3_portable.c)
target_include_directories(blake3 SYSTEM PUBLIC ${blake3_root})
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  enable_language(ASM)
  target_sources(blake3 PRIVATE ${blake3_root}/blake3_sse2_x86-64_unix.S
                                ${blake3_root}/blake3_sse41_x86-64_unix.S
                                ${blake3_root}/blake3_avx2_x86-64_unix.S
                                ${blake3_root}/blake3_avx512_x86-64_unix.S)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  target_sources(blake3 PRIVATE ${blake3_root}/blake3_neon.c)
endif()
