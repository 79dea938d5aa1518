#pragma once

// Owner, group and mode of the unix sockets that clients connect to.

#include "proxy/daemon_settings.h"
#include "proxy/listen_url.h"

#include <sys/types.h>

#include <string>

namespace proxy {

// Who may use a unix socket. An id of -1 means "leave as it is", as for chown(2): only root can
// give files away. The warning, if any, is to be logged.
struct SocketAccess {
  uid_t owner = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
  mode_t mode = 0;
  std::string warning;
};

// Asks the system for the ids behind the names in the listener's URL or in the configuration.
// Throws ConfigError if there is no such user; a group that does not exist becomes root's.
SocketAccess socketAccess(const DaemonSettings& settings, const Listener& listener);

}  // namespace proxy
