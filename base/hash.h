#pragma once

// A hash that is the same on every machine and in every version: members compare what they know by
// it, and agree by it on who is responsible for what. It does not withstand forgery.

#include <cstdint>
#include <string_view>

namespace base {

// Spreads every bit of `value` over all bits (the finaliser of MurmurHash3, Appleby 2011).
constexpr uint64_t spread(uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccd;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53;
  return value ^ (value >> 33);
}

// FNV-1a (Fowler, Noll, Vo; RFC 9923) of 64 bits, spread. `seed` is the hash of what came before.
constexpr uint64_t hashOf(std::string_view text, uint64_t seed = 0) {
  uint64_t hash = 14695981039346656037u ^ seed;
  for (char letter : text) hash = (hash ^ static_cast<uint8_t>(letter)) * 1099511628211u;
  return spread(hash);
}

}  // namespace base
