#include "base/tcp.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <uv.h>

#include <cstring>
#include <memory>
#include <optional>

#include "base/stream_error.h"

namespace base {
namespace {

// A lookup under way, in the frame of who waits for it.
struct Lookup {
  Event ended;
  bool answered = false;
  int status = 0;
  std::vector<SocketAddress> addresses;
};

// libuv frees the request in its callback, which may come after everyone who waited has gone.
class Request {
 public:
  explicit Request(Lookup& lookup) : request_(new uv_getaddrinfo_t) { request_->data = &lookup; }
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request() {
    if (!static_cast<Lookup*>(request_->data)->answered) {
      request_->data = nullptr;
      uv_cancel(reinterpret_cast<uv_req_t*>(request_));
    } else {
      delete request_;
    }
  }

  int start(Loop& loop, const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    int failed = uv_getaddrinfo(loop.uv(), request_, answered, host.c_str(), port.c_str(), &hints);
    if (failed) static_cast<Lookup*>(request_->data)->answered = true;
    return failed;
  }

 private:
  static void answered(uv_getaddrinfo_t* request, int status, addrinfo* found) {
    std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> list(found, uv_freeaddrinfo);
    Lookup* lookup = static_cast<Lookup*>(request->data);
    if (!lookup) {
      delete request;
      return;
    }
    lookup->answered = true;
    lookup->status = status;
    for (const addrinfo* each = found; each; each = each->ai_next) {
      SocketAddress address;
      if (each->ai_addrlen > sizeof address.storage) continue;
      address.size = each->ai_addrlen;
      std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
      lookup->addresses.push_back(address);
    }
    lookup->ended.fire();
  }

  uv_getaddrinfo_t* request_;  // libuv's until it has answered
};

std::optional<SocketAddress> numeric(const std::string& host, uint16_t port) {
  SocketAddress address;
  sockaddr_in* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.size = sizeof *v4;
    return address;
  }
  sockaddr_in6* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof *v6;
    return address;
  }
  return std::nullopt;
}

}  // namespace

Task<std::vector<SocketAddress>> resolve(Loop& loop, std::string host, uint16_t port,
                                         milliseconds timeout) {
  if (std::optional<SocketAddress> known = numeric(host, port))
    co_return std::vector<SocketAddress>(1, *known);
  Lookup lookup;
  Request request(lookup);
  int failed = request.start(loop, host, std::to_string(port));
  if (failed) throw StreamError(host + ": " + uv_strerror(failed));
  Timer timer(loop);
  timer.start(timeout, [&lookup] { lookup.ended.fire(); });
  co_await lookup.ended.wait();
  if (!lookup.answered) throw StreamError(host + ": the name was not found in time");
  if (lookup.status) throw StreamError(host + ": " + uv_strerror(lookup.status));
  if (lookup.addresses.empty()) throw StreamError(host + ": has no address");
  co_return std::move(lookup.addresses);
}

void tuneTcp(int fd) {
  auto set = [fd](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
}

void resendSoon(int fd) {
  // The least that the kernel takes, milliseconds (its Documentation/networking/ip-sysctl.rst,
  // tcp_rto_max_ms). Debian 12's headers do not have the option's number.
  constexpr int rtoMaxOption = 44, maxRto = 1000, on = 1;
  ::setsockopt(fd, IPPROTO_TCP, rtoMaxOption, &maxRto, sizeof maxRto);
  // Documentation/networking/tcp-thin.rst
  ::setsockopt(fd, IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, &on, sizeof on);
}

}  // namespace base
