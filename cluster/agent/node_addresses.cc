#include "cluster/agent/node_addresses.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>

#include "base/json.h"
#include "cluster/agent_error.h"

namespace cluster {
namespace {

std::optional<Endpoint> endpoint(const rapidjson::Value& json, const char* host, const char* port) {
  uint64_t number = base::number(json, port);
  if (number == 0 || number > 65535) return std::nullopt;
  return Endpoint::parse(std::string(base::text(json, host)), static_cast<uint16_t>(number));
}

}  // namespace

std::string encode(const NodeAddresses& addresses) {
  base::JsonWriter json;
  json.object()
      .member("listen", addresses.listen.host())
      .member("listenPort", addresses.listen.port);
  json.member("advertise", addresses.advertise.host())
      .member("advertisePort", addresses.advertise.port);
  json.member("joinedAt", addresses.joinedAt);
  return json.endObject().text();
}

std::optional<NodeAddresses> decodeNodeAddresses(std::string_view text) {
  rapidjson::Document json = base::parseJson(text);
  std::optional<Endpoint> listen = endpoint(json, "listen", "listenPort");
  std::optional<Endpoint> advertise = endpoint(json, "advertise", "advertisePort");
  if (!listen || !advertise) return std::nullopt;
  return NodeAddresses{*listen, *advertise, std::string(base::text(json, "joinedAt"))};
}

bool isUnspecified(const Endpoint& endpoint) {
  return endpoint.host() == "0.0.0.0" || endpoint.host() == "::";
}

std::pair<std::string, uint16_t> splitHostPort(const std::string& text) {
  constexpr uint16_t usual = 2377;
  size_t colon = text.rfind(':');
  bool bare = colon == std::string::npos || (text.find(':') != colon && text.front() != '[');
  std::string host = bare ? text : text.substr(0, colon);
  uint16_t port = usual;
  if (!bare) {
    const char* end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || stopped != end || port == 0)
      throw AgentError(400, "\"" + text + "\" has no valid port");
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, port};
}

Endpoint ownAddress(int fd, uint16_t port) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  Endpoint own;
  own.port = port;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return own;
  if (storage.ss_family == AF_INET) {
    const sockaddr_in* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    own.ip[10] = own.ip[11] = 0xff;
    std::memcpy(own.ip.data() + 12, &v4->sin_addr, 4);
  } else {
    const sockaddr_in6* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    std::memcpy(own.ip.data(), &v6->sin6_addr, 16);
  }
  return own;
}

}  // namespace cluster
