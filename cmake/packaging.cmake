# What is installed beside droverd, and the Debian package made of it (cpack -G DEB in a release
# build). The scripts that the package runs are in contrib/packaging.

set(DROVER_MAINTAINER "The drover authors <drover@drover.invalid>" CACHE STRING
    "who the Debian package says maintains it")

# compressed(NAME FILE): makes generated/NAME, the file compressed as Debian wants documents.
find_program(GZIP gzip REQUIRED)
set(GENERATED ${CMAKE_CURRENT_BINARY_DIR}/packaging)
file(MAKE_DIRECTORY ${GENERATED})
function(compressed name file)
  execute_process(COMMAND ${GZIP} -9nc ${file} OUTPUT_FILE ${GENERATED}/${name}
                  COMMAND_ERROR_IS_FATAL ANY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endfunction()

foreach(page droverd.8 droverd.yml.5)
  string(REGEX MATCH "[0-9]$" section ${page})
  configure_file(docs/${page}.in ${GENERATED}/${page} @ONLY)
  compressed(${page}.gz ${GENERATED}/${page})
  install(FILES ${GENERATED}/${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES contrib/completion/droverd.bash RENAME droverd
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES contrib/systemd/droverd.service contrib/systemd/droverd.socket
        DESTINATION lib/systemd/system)
install(FILES contrib/packaging/lintian-overrides RENAME drover
        DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides)

# droverd looks for its settings in /etc wherever it is installed. What is there is the
# administrator's and stays.
install(CODE "
  set(settings \$ENV{DESTDIR}/etc/drover/droverd.yml)
  if(NOT EXISTS \${settings})
    file(INSTALL \"${CMAKE_CURRENT_SOURCE_DIR}/contrib/droverd.yml\"
         DESTINATION /etc/drover)
  endif()")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME drover)
set(CPACK_PACKAGE_VENDOR "The drover authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Docker Engine API for one host or a cluster of hosts")
set(CPACK_PACKAGE_DESCRIPTION
"droverd runs on each host beside Docker Engine and serves the Docker Engine
API to unchanged Docker clients (the docker command, Compose and others), on a
unix socket and over TLS with client certificates. Hosts form a cluster with
docker swarm init and join: any of them then answers for the containers,
images, networks and volumes of all, without managers or a database. What it
need not understand it passes through at the speed of the wire, and it stays
up while the engine is away.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${DROVER_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "docker.io | docker-ce")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(part postinst prerm postrm conffiles)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
       ${CMAKE_CURRENT_SOURCE_DIR}/contrib/packaging/${part})
endforeach()

# Debian policy wants the licence and a changelog of the package in its documents.
string(TIMESTAMP PACKAGE_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(contrib/packaging/changelog.in ${GENERATED}/changelog.Debian @ONLY)
compressed(changelog.Debian.gz ${GENERATED}/changelog.Debian)
compressed(changelog.gz ${CMAKE_CURRENT_SOURCE_DIR}/CHANGELOG.md)
install(FILES contrib/packaging/copyright ${GENERATED}/changelog.Debian.gz
              ${GENERATED}/changelog.gz
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/drover)

include(CPack)
