#include "proxy/api/swarm_addresses.h"

#include "cluster/agent_error.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

namespace proxy {
namespace {

using cluster::AgentError;
using cluster::Endpoint;

constexpr uint16_t usualPort = 2377;

// The addresses of an interface, or of all but loopback; IPv4 first.
std::vector<std::string> addressesOf(const std::string& interface) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  std::vector<std::string> v4, v6;
  for (ifaddrs* each = list; each; each = each->ifa_next) {
    if (!each->ifa_addr || (!interface.empty() && interface != each->ifa_name)) continue;
    if (interface.empty() && std::strcmp(each->ifa_name, "lo") == 0) continue;
    std::string_view name = each->ifa_name;
    if (interface.empty() && (name.starts_with("docker") || name.starts_with("br-"))) continue;
    Endpoint endpoint;
    if (each->ifa_addr->sa_family == AF_INET) {
      const sockaddr_in* in = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
      endpoint.ip[10] = endpoint.ip[11] = 0xff;
      std::memcpy(endpoint.ip.data() + 12, &in->sin_addr, 4);
      v4.push_back(endpoint.host());
    } else if (each->ifa_addr->sa_family == AF_INET6) {
      const sockaddr_in6* in = reinterpret_cast<const sockaddr_in6*>(each->ifa_addr);
      std::memcpy(endpoint.ip.data(), &in->sin6_addr, 16);
      if (!IN6_IS_ADDR_LINKLOCAL(&in->sin6_addr)) v6.push_back(endpoint.host());
    }
  }
  ::freeifaddrs(list);
  v4.insert(v4.end(), v6.begin(), v6.end());
  return v4;
}

// "10.0.0.1", "10.0.0.1:2377", "eth0", "eth0:2377", ":2377", "[fd00::1]:2377". Throws AgentError.
Endpoint parseAddress(std::string text, uint16_t port, const char* flag) {
  size_t colon = text.rfind(':');
  bool bracketed = text.starts_with('[');
  bool hasPort =
      colon != std::string::npos && (bracketed ? text[colon - 1] == ']' : text.find(':') == colon);
  if (hasPort) {
    const char* end = text.data() + text.size();
    auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, port);
    if (error != std::errc() || stopped != end || port == 0)
      throw AgentError(400, std::string(flag) + ": \"" + text + "\" has no valid port");
    text.resize(colon);
  }
  if (bracketed && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.empty()) text = "0.0.0.0";
  if (std::optional<Endpoint> numeric = Endpoint::parse(text, port)) return *numeric;
  std::vector<std::string> found = addressesOf(text);
  if (found.empty())
    throw AgentError(400, std::string(flag) + ": \"" + text +
                              "\" is neither an IP address nor a network interface with one");
  return *Endpoint::parse(found.front(), port);
}

bool isAny(const Endpoint& endpoint) {
  return endpoint.host() == "0.0.0.0" || endpoint.host() == "::";
}

}  // namespace

cluster::NodeAddresses placeOf(const std::string& listen, const std::string& advertise,
                               bool mustKnow) {
  cluster::NodeAddresses place;
  place.listen = parseAddress(listen, usualPort, "--listen-addr");
  if (!advertise.empty()) {
    place.advertise = parseAddress(advertise, place.listen.port, "--advertise-addr");
  } else {
    place.advertise = place.listen;
  }
  if (!isAny(place.advertise) || !mustKnow) return place;
  std::vector<std::string> found = addressesOf({});
  if (found.size() == 1) {
    place.advertise = *Endpoint::parse(found.front(), place.advertise.port);
    return place;
  }
  std::string all;
  for (const std::string& each : found) all += (all.empty() ? "" : ", ") + each;
  throw AgentError(400, "could not choose an IP address to advertise since this system has " +
                            std::string(found.empty() ? "none" : "several (" + all + ")") +
                            " - specify one with --advertise-addr");
}

// There are no networks between nodes whose path could be another one.
void refuseDataPath(const rapidjson::Value& request, const cluster::NodeAddresses& place) {
  std::string given(base::text(request, "DataPathAddr"));
  if (given.empty()) return;
  Endpoint wanted = parseAddress(given, place.advertise.port, "--data-path-addr");
  if (isAny(place.advertise) || wanted.host() == place.advertise.host()) return;
  throw AgentError(400, "--data-path-addr: \"" + given +
                            "\" is another address than --advertise-addr (" +
                            place.advertise.host() +
                            "), which drover has no use for: nodes talk over that one alone");
}

}  // namespace proxy
