#include "cluster/state/seen.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace cluster {

std::string encodeSeen(const Versions& seen) {
  std::string text;
  for (const auto& [owner, version] : std::map<NodeId, uint64_t>(seen.begin(), seen.end())) {
    if (!text.empty()) text += ',';
    text.append(owner.text()).append("=").append(std::to_string(version));
  }
  return text;
}

std::optional<Versions> decodeSeen(std::string_view text) {
  Versions seen;
  while (!text.empty()) {
    std::optional<NodeId> owner = NodeId::parse(text.substr(0, NodeId::length));
    if (!owner || text.size() <= NodeId::length || text[NodeId::length] != '=') return std::nullopt;
    text.remove_prefix(NodeId::length + 1);
    uint64_t version = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (seen.size() == maxSeen || !seen.emplace(*owner, version).second) return std::nullopt;
    if (text.empty()) return seen;
    if (text.front() != ',' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  return seen;
}

void LatelyChanged::note(Time now, const NodeId& owner) {
  auto found = std::find_if(changes_.begin(), changes_.end(),
                            [&](const Change& each) { return each.owner == owner; });
  if (found == changes_.end()) {
    if (changes_.size() < maxSeen) changes_.emplace_back();
    found = changes_.end() - 1;
  }
  *found = {owner, now};
  std::rotate(changes_.begin(), found, found + 1);
}

std::vector<NodeId> LatelyChanged::since(Time since) const {
  std::vector<NodeId> owners;
  for (const Change& each : changes_) {
    if (each.at >= since) owners.push_back(each.owner);
  }
  return owners;
}

}  // namespace cluster
