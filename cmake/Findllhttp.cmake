# Finds llhttp and gives the target llhttp::llhttp.
#
# Debian 13 and later have the library (libllhttp-dev). Debian 12 ships the generated C sources in
# node-llhttp; those are compiled here, in llhttp's strict mode.
find_path(LLHTTP_INCLUDE_DIR llhttp.h PATHS /usr/include /usr/share/include/llhttp
                                     NO_DEFAULT_PATH)
find_library(LLHTTP_LIBRARY llhttp)
set(LLHTTP_SOURCES /usr/share/llhttp/llhttp.c /usr/share/llhttp/api.c /usr/share/llhttp/http.c)
if(NOT LLHTTP_LIBRARY AND EXISTS /usr/share/llhttp/llhttp.c)
  set(LLHTTP_FROM_SOURCES TRUE)
endif()

include(FindPackageHandleStandardArgs)
if(LLHTTP_LIBRARY)
  find_package_handle_standard_args(llhttp REQUIRED_VARS LLHTTP_LIBRARY LLHTTP_INCLUDE_DIR)
else()
  find_package_handle_standard_args(llhttp REQUIRED_VARS LLHTTP_FROM_SOURCES LLHTTP_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "install libllhttp-dev (Debian 13) or node-llhttp (Debian 12)")
endif()

if(llhttp_FOUND AND NOT TARGET llhttp::llhttp)
  if(LLHTTP_LIBRARY)
    add_library(llhttp::llhttp UNKNOWN IMPORTED)
    set_target_properties(llhttp::llhttp PROPERTIES IMPORTED_LOCATION ${LLHTTP_LIBRARY}
                          INTERFACE_INCLUDE_DIRECTORIES ${LLHTTP_INCLUDE_DIR})
  else()
    add_library(llhttp-from-sources STATIC ${LLHTTP_SOURCES})
    target_include_directories(llhttp-from-sources SYSTEM PUBLIC ${LLHTTP_INCLUDE_DIR})
    target_compile_definitions(llhttp-from-sources PUBLIC LLHTTP_STRICT_MODE=1)
    add_library(llhttp::llhttp ALIAS llhttp-from-sources)
  endif()
endif()
