#pragma once

// A kind of record, declared beside what it holds: what its keys begin with, and how its value is
// read.

#include <optional>
#include <string_view>

#include "cluster/types.h"

namespace catalog {

// `name`: what follows the prefix in the key. Nothing for what makes no sense; throws nothing.
template <class Value>
using RecordDecoder = std::optional<Value> (*)(const cluster::NodeId& owner, std::string_view name,
                                               std::string_view value);

// The decoder of records that have a name and whose value alone tells.
template <class Value, std::optional<Value> (*read)(std::string_view value)>
std::optional<Value> decodeNamed(const cluster::NodeId&, std::string_view name,
                                 std::string_view value) {
  return name.empty() ? std::nullopt : read(value);
}

template <class Value>
struct RecordKind {
  std::string_view prefix;
  RecordDecoder<Value> decode;
};

}  // namespace catalog
