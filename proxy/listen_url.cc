#include "proxy/listen_url.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

namespace proxy {

namespace {

constexpr std::string_view unixScheme = "unix://";
constexpr std::string_view tlsScheme = "tcp://";
constexpr std::string_view plainScheme = "plain-tcp://";
constexpr std::string_view systemdScheme = "fd://";

constexpr std::string_view listenForms =
    " is not a listen URL: unix:///PATH, tcp://ADDR:PORT, plain-tcp://127.0.0.1:PORT or fd://";

std::string checkPath(std::string_view path) {
  auto isControl = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  constexpr std::size_t longest = sizeof(sockaddr_un{}.sun_path) - 1;
  if (path.empty() || path[0] != '/')
    return " must name an absolute path, as in unix:///run/x.sock";
  if (std::any_of(path.begin(), path.end(), isControl)) return " holds control characters";
  if (path.size() > longest) {
    return " names a path of more than " + std::to_string(longest) +
           " characters, the most a unix socket can have";
  }
  return "";
}

bool isLoopback(const std::string& host) {
  in_addr four{};
  in6_addr six{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  if (inet_pton(AF_INET6, host.c_str(), &six) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&six) || (IN6_IS_ADDR_V4MAPPED(&six) && six.s6_addr[12] == 127);
}

// Takes `?mode=0660&owner=root&group=docker`, without the question mark.
std::string decodeQuery(std::string_view query, Listener& listener) {
  while (!query.empty()) {
    std::string_view part = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
    std::string_view name = part.substr(0, part.find('='));
    std::string_view value = part.substr(std::min(name.size() + 1, part.size()));
    if (name == "mode") {
      listener.mode = parseMode(value);
      if (!listener.mode) return ": mode must be an octal file mode such as 0660";
    } else if (name == "owner" || name == "group") {
      if (!isAccount(value)) return ": " + std::string(name) + " must be a name or a number";
      (name == "owner" ? listener.owner : listener.group) = value;
    } else {
      return ": " + quoted(name) + " is not one of mode, owner, group";
    }
  }
  return "";
}

std::string decodeUnix(std::string_view rest, Listener& listener) {
  listener.kind = Listener::Kind::unixSocket;
  listener.path = rest.substr(0, rest.find('?'));
  std::string wrong = checkPath(listener.path);
  if (!wrong.empty()) return wrong;
  rest.remove_prefix(std::min(listener.path.size() + 1, rest.size()));
  return decodeQuery(rest, listener);
}

}  // namespace

std::string decode(std::string_view text, Address& address) {
  std::string wrong = quoted(text) + " is not ADDR:PORT with an IP address and a port from 1 to " +
                      "65535, such as 127.0.0.1:9323 or [::1]:9323";
  std::size_t colon = text.rfind(':');
  if (colon == text.npos) return wrong;
  std::string host(text.substr(0, colon));
  std::string_view port = text.substr(colon + 1);

  in6_addr ignored{};
  if (host == "localhost") {
    host = "127.0.0.1";
  } else if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), &ignored) != 1) return wrong;
  } else if (inet_pton(AF_INET, host.c_str(), &ignored) != 1) {
    return wrong;
  }

  std::uint16_t number = 0;
  auto [end, fault] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (fault != std::errc() || end != port.data() + port.size() || number == 0) return wrong;
  address = {std::move(host), number};
  return "";
}

std::string decode(std::string_view text, Listener& listener) {
  Listener decoded;
  std::string wrong;
  if (text == systemdScheme) {
    decoded.kind = Listener::Kind::systemd;
  } else if (text.starts_with(unixScheme)) {
    wrong = decodeUnix(text.substr(unixScheme.size()), decoded);
    if (!wrong.empty()) return quoted(text) + wrong;
  } else if (text.starts_with(tlsScheme)) {
    decoded.kind = Listener::Kind::tls;
    wrong = decode(text.substr(tlsScheme.size()), decoded.address);
  } else if (text.starts_with(plainScheme)) {
    decoded.kind = Listener::Kind::plain;
    wrong = decode(text.substr(plainScheme.size()), decoded.address);
    if (wrong.empty() && !isLoopback(decoded.address.host)) {
      return quoted(text) +
             " would make anyone who can reach that address root on this host; use tcp:// with " +
             "tls_ca, tls_cert and tls_key, or listen on 127.0.0.1 or [::1]";
    }
  } else {
    return quoted(text) + std::string(listenForms);
  }
  if (wrong.empty()) listener = std::move(decoded);
  return wrong;
}

std::string decode(std::string_view text, EngineSocket& engine) {
  if (!text.starts_with(unixScheme)) {
    return quoted(text) + " is not unix:///PATH: droverd talks to the engine of its own host only";
  }
  std::string_view path = text.substr(unixScheme.size());
  std::string wrong = checkPath(path);
  if (!wrong.empty()) return quoted(text) + wrong;
  engine.path = path;
  return "";
}

std::string encode(const Address& address) {
  bool six = address.host.find(':') != std::string::npos;
  std::string host = six ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

std::string encode(const Listener& listener) {
  switch (listener.kind) {
    case Listener::Kind::systemd:
      return std::string(systemdScheme);
    case Listener::Kind::tls:
      return std::string(tlsScheme) + encode(listener.address);
    case Listener::Kind::plain:
      return std::string(plainScheme) + encode(listener.address);
    case Listener::Kind::unixSocket:
      break;
  }
  std::string url = std::string(unixScheme) + listener.path;
  char separator = '?';
  auto add = [&](std::string_view name, const std::string& value) {
    url += separator;
    url.append(name).append("=").append(value);
    separator = '&';
  };
  if (listener.mode) add("mode", modeText(*listener.mode));
  if (listener.owner) add("owner", *listener.owner);
  if (listener.group) add("group", *listener.group);
  return url;
}

std::string encode(const EngineSocket& engine) {
  return std::string(unixScheme) + engine.path;
}

std::optional<unsigned> parseMode(std::string_view text) {
  auto isOctal = [](char c) { return c >= '0' && c <= '7'; };
  bool sound = text.size() == 3 || (text.size() == 4 && text[0] == '0');
  if (!sound || !std::all_of(text.begin(), text.end(), isOctal)) return std::nullopt;
  unsigned mode = 0;
  std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  return mode;
}

std::string modeText(unsigned mode) {
  std::string text = "0000";
  for (int i = 3; i > 0; --i, mode >>= 3) text[i] = static_cast<char>('0' + (mode & 7));
  return text;
}

bool isAccount(std::string_view text) {
  auto fits = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !text.empty() && text.size() <= 32 && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), fits);
}

std::string quoted(std::string_view text) {
  return '"' + std::string(text) + '"';
}

}  // namespace proxy
