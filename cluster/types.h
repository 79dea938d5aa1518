#pragma once

// The few values that every part of the cluster speaks of: who a node is, where it is reached, how
// it is, and when something happened.

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cluster {

// Time since some beginning of the process's own; never the wall clock, which may jump.
using Time = std::chrono::milliseconds;

// A node's identity, as Docker writes them: 25 characters of 0-9 and a-z. Made once, at init or
// join, and kept over restarts and changes of name and address.
class NodeId {
 public:
  static constexpr size_t length = 25;

  // The id of nobody.
  NodeId() { text_.fill('0'); }
  // Nothing if `text` is no id.
  static std::optional<NodeId> parse(std::string_view text) {
    if (text.size() != length) return std::nullopt;
    NodeId id;
    for (size_t i = 0; i < length; i++) {
      bool good = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'z');
      if (!good) return std::nullopt;
      id.text_[i] = text[i];
    }
    return id;
  }

  // Valid as long as the id.
  std::string_view text() const { return {text_.data(), text_.size()}; }
  bool operator==(const NodeId& other) const {
    return std::memcmp(text_.data(), other.text_.data(), length) == 0;
  }
  std::strong_ordering operator<=>(const NodeId& other) const {
    return std::memcmp(text_.data(), other.text_.data(), length) <=> 0;
  }

 private:
  std::array<char, length> text_;
};

// How membership has a node.
enum class Status { alive, suspect, failed, left };

// An IPv4 or IPv6 address and a port.
struct Endpoint {
  std::array<uint8_t, 16> ip{};  // IPv4 as ::ffff:a.b.c.d
  uint16_t port = 0;

  // From "10.1.2.3", 7946 or "fd00::1", 7946. Nothing if `host` is no numeric address.
  static std::optional<Endpoint> parse(const std::string& host, uint16_t port);
  // "10.1.2.3" or "fd00::1".
  std::string host() const;
  // "10.1.2.3:7946" or "[fd00::1]:7946".
  std::string text() const;
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace cluster

template <>
struct std::hash<cluster::NodeId> {
  size_t operator()(const cluster::NodeId& id) const noexcept {
    // Four words, of which the last overlaps the third.
    uint64_t hash = 0;
    for (size_t at : {0, 8, 16, 17}) {
      uint64_t word;
      std::memcpy(&word, id.text().data() + at, sizeof word);
      hash = (hash ^ word) * 0x9e3779b97f4a7c15;  // Knuth's multiplicative hashing
      hash ^= hash >> 32;
    }
    return hash;
  }
};
