#include "cluster/types.h"

#include <arpa/inet.h>

#include <cstring>

namespace cluster {
namespace {

constexpr std::array<uint8_t, 12> mappedIpv4 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool isIpv4(const std::array<uint8_t, 16>& ip) {
  return std::memcmp(ip.data(), mappedIpv4.data(), mappedIpv4.size()) == 0;
}

}  // namespace

std::optional<Endpoint> Endpoint::parse(const std::string& host, uint16_t port) {
  Endpoint endpoint;
  endpoint.port = port;
  std::memcpy(endpoint.ip.data(), mappedIpv4.data(), mappedIpv4.size());
  if (::inet_pton(AF_INET, host.c_str(), endpoint.ip.data() + mappedIpv4.size()) == 1)
    return endpoint;
  if (::inet_pton(AF_INET6, host.c_str(), endpoint.ip.data()) == 1) return endpoint;
  return std::nullopt;
}

std::string Endpoint::host() const {
  char text[INET6_ADDRSTRLEN];
  if (isIpv4(ip)) {
    ::inet_ntop(AF_INET, ip.data() + mappedIpv4.size(), text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, ip.data(), text, sizeof text);
  }
  return text;
}

std::string Endpoint::text() const {
  std::string name = isIpv4(ip) ? host() : "[" + host() + "]";
  return name + ":" + std::to_string(port);
}

}  // namespace cluster
