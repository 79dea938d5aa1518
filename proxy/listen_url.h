#pragma once

// Where droverd listens and where the engine is, as their URLs say it.
//
// Decoding checks everything that the text alone can tell, above all that the Docker API, which is
// as good as root, is never offered to a network without TLS. Nothing here touches the system.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// An IP address and a port; IPv6 without its brackets.
struct Address {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Address&) const = default;
};

struct Listener {
  enum class Kind { unixSocket, tls, plain, systemd };

  Kind kind = Kind::unixSocket;
  std::string path = {};                  // of a unix socket
  Address address = {};                   // of a TCP listener; a plain one is on loopback
  std::optional<unsigned> mode = {};      // given in the URL; else socket_mode holds,
  std::optional<std::string> owner = {};  // socket_owner
  std::optional<std::string> group = {};  // and socket_group

  bool operator==(const Listener&) const = default;
};

// The engine's unix socket.
struct EngineSocket {
  std::string path;
  bool operator==(const EngineSocket&) const = default;
};

// Decoding answers with what is wrong with the text, fit to follow the name of the setting; the
// empty string means that nothing is and that the value has been set.
std::string decode(std::string_view text, Address& address);
std::string decode(std::string_view text, Listener& listener);
std::string decode(std::string_view text, EngineSocket& engine);

std::string encode(const Address& address);
std::string encode(const Listener& listener);
std::string encode(const EngineSocket& engine);

// A file mode as chmod writes it ("0660" or "660"); nothing if it is none.
std::optional<unsigned> parseMode(std::string_view text);
std::string modeText(unsigned mode);

// Whether text can be the name or number of a user or group.
bool isAccount(std::string_view text);

// The text in double quotes, for messages.
std::string quoted(std::string_view text);

}  // namespace proxy
