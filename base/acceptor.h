#pragma once

// A listening socket: opens it, and hands on each connection that comes.

#include <cstdint>
#include <functional>
#include <string>

#include "base/fd.h"
#include "base/loop.h"
#include "base/task.h"

namespace base {

// Who may connect to a unix socket; -1 leaves an id as it is.
struct SocketOwner {
  unsigned owner = static_cast<unsigned>(-1);
  unsigned group = static_cast<unsigned>(-1);
  unsigned mode = 0660;
};

// Both throw std::runtime_error that names the address and the reason.
// A socket file that nobody listens on any more is replaced; its directory is made if it is
// missing.
Fd listenUnix(const std::string& path, SocketOwner owner);
// `host` is an IP address.
Fd listenTcp(const std::string& host, uint16_t port);

// "10.0.0.7:51034", or "pid 314 uid 1000" for a unix socket.
std::string peerOf(int fd);

// Whether the other side is on this host, by way of a unix socket.
bool isUnixSocket(int fd);

// Hands connections (non-blocking sockets) to `accepted` until it is cancelled. When descriptors
// run out it calls `exhausted` and pauses. `listener` is a loan for as long as it runs.
Task<> acceptAll(Loop& loop, int listener, std::function<void(Fd)> accepted,
                 std::function<void(std::string)> exhausted);

}  // namespace base
