#pragma once

// What records of engines' objects have in common: a few members of what the engine's list says,
// as it says them. Pure.

#include <cstddef>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "docker/merge_json.h"

namespace catalog {

// Records of one kind by what follows their prefix.
using Records = std::map<std::string, std::string, std::less<>>;

// Bytes that a record of a network, a volume or an image may have. Of what has more, labels and the
// like are left out: they are shown from the engine's own answer.
constexpr size_t maxObjectRecord = 4096;
// Of one kind, so many are published, and what is not is found by asking every node.
constexpr size_t maxObjectRecords = 10'000;
// An object whose name is longer has no record.
constexpr size_t maxRecordName = 512;

// An object of these members, but for those that say nothing: null, false, "", [] and {}.
std::string leanObject(const docker::JsonObject& whole,
                       std::initializer_list<std::string_view> members);
// The same, but of the first of these lists that stays within maxHeldRecord.
std::string leanRecord(const docker::JsonObject& whole,
                       std::initializer_list<std::string_view> most,
                       std::initializer_list<std::string_view> least);

// The string that this JSON stands for; nothing if it is none.
std::optional<std::string> plainString(std::string_view json);

}  // namespace catalog
