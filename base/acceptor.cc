#include "base/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/poll.h"
#include "base/tcp.h"

namespace base {
namespace {

constexpr int backlog = 4096;
constexpr milliseconds pauseWhenExhausted(100);
// Connections accepted before others get their turn of the loop.
constexpr int acceptsPerTurn = 64;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::string textOf(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const sockaddr_in& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  const sockaddr_in6& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return "[" + std::string(text) + "]:" + std::to_string(ntohs(v6.sin6_port));
}

}  // namespace

Fd listenUnix(const std::string& path, SocketOwner owner) {
  std::string what = "cannot listen on unix://" + path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw std::runtime_error(what + ": the path is longer than 107 bytes");
  std::memcpy(address.sun_path, path.data(), path.size());
  const sockaddr* generic = reinterpret_cast<const sockaddr*>(&address);

  namespace fs = std::filesystem;
  std::error_code ignored;
  fs::create_directories(fs::path(path).parent_path(), ignored);
  fs::file_status there = fs::symlink_status(path, ignored);
  if (fs::exists(there) && !fs::is_socket(there))
    throw std::runtime_error(what + ": there is a file that is not a socket; move it away");
  Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe) fail(what);
  if (::connect(probe.get(), generic, sizeof address) == 0)
    throw std::runtime_error(what + ": another process is already listening there");
  if (errno == ECONNREFUSED) ::unlink(path.c_str());

  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) fail(what);
  mode_t before = ::umask(0177);
  int bound = ::bind(fd.get(), generic, sizeof address);
  ::umask(before);
  if (bound != 0) fail(what);
  if (::chown(path.c_str(), owner.owner, owner.group) != 0) fail(what + ": cannot set its owner");
  if (::chmod(path.c_str(), owner.mode) != 0) fail(what + ": cannot set its mode");
  if (::listen(fd.get(), backlog) != 0) fail(what);
  return fd;
}

Fd listenTcp(const std::string& host, uint16_t port) {
  std::string what = "cannot listen on " + host + " port " + std::to_string(port);
  sockaddr_storage storage{};
  socklen_t size;
  if (sockaddr_in* v4 = reinterpret_cast<sockaddr_in*>(&storage);
      ::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    size = sizeof *v4;
  } else {
    sockaddr_in6* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
    if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1)
      throw std::runtime_error(what + ": not an IP address");
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof *v6;
  }
  Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) fail(what);
  int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) fail(what);
  if (::listen(fd.get(), backlog) != 0) fail(what);
  return fd;
}

std::string peerOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
      address.ss_family != AF_UNIX)
    return textOf(address);
  ucred who{};
  size = sizeof who;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return "unknown";
  return "pid " + std::to_string(who.pid) + " uid " + std::to_string(who.uid);
}

bool isUnixSocket(int fd) {
  int domain = 0;
  socklen_t size = sizeof domain;
  return ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

Task<> acceptAll(Loop& loop, int listener, std::function<void(Fd)> accepted,
                 std::function<void(std::string)> exhausted) {
  Poll poll(loop, listener);
  for (;;) {
    co_await poll.readable();
    bool pause = false;
    for (int taken = 0; taken < acceptsPerTurn; taken++) {
      Fd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd) {
        pause = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
        if (pause) exhausted(std::strerror(errno));
        break;
      }
      tuneTcp(fd.get());
      accepted(std::move(fd));
    }
    if (pause) co_await sleepFor(loop, pauseWhenExhausted);
  }
}

}  // namespace base
