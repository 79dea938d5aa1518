#pragma once

// What the fuzz targets of HTTP share: feeding a reader in pieces.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/http.h"

namespace fuzz {

// A property that must hold for every input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

// Takes the first byte of the input for the size of the pieces and feeds the rest; what the reader
// says need not be shown to it is not. Says whether a head was accepted.
inline bool feed(base::MessageReader& reader, const uint8_t* data, size_t size) {
  if (size == 0) return false;
  size_t step = 1 + data[0];
  std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  size_t at = 0;
  try {
    while (at < bytes.size() && !reader.headDone()) at += reader.feedHead(bytes.substr(at, step));
    while (at < bytes.size() && reader.headDone() && !reader.bodyDone()) {
      size_t used = reader.feedBody(bytes.substr(at, step));
      require(used > 0 || reader.bodyDone());
      at += used;
      uint64_t unseen = std::min<uint64_t>(reader.skippable(), bytes.size() - at);
      reader.skip(unseen);
      at += unseen;
    }
  } catch (const base::HttpError& refused) {
    require(refused.status() >= 400 && refused.status() < 600);
  }
  require(at <= bytes.size());
  return reader.headDone();
}

}  // namespace fuzz
