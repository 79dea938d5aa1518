#pragma once

// What TCP sockets of either side share: the addresses of a host, and the options of a connection.

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/task.h"

namespace base {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* generic() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The addresses of a host, given by name or by number; at least one, in the order in which they
// should be tried. Names are looked up beside the loop. Throws StreamError.
Task<std::vector<SocketAddress>> resolve(Loop& loop, std::string host, uint16_t port,
                                         milliseconds timeout);

// Sends small writes at once, and finds out within about a minute and a half of silence when the
// other host has vanished.
void tuneTcp(int fd);

// For connections whose other end is known to fail otherwise: after a short cut of the link what
// was lost goes on within a second, and not after as long again. Set on a listener, it is so for
// what that accepts. Kernels before 6.15 can do it for the first seconds only.
void resendSoon(int fd);

}  // namespace base
