#include "catalog/claim_holders.h"

#include <algorithm>
#include <vector>

namespace catalog {

std::optional<cluster::Holding> ClaimHolders::find(const std::string& claim) const {
  if (claim.starts_with(docker::recordsOf(docker::ObjectKind::volume))) return volume(claim);
  if (!claim.starts_with(nameClaims)) return std::nullopt;
  return container(std::string_view(claim).substr(nameClaims.size()));
}

std::optional<cluster::Holding> ClaimHolders::container(std::string_view name) const {
  std::vector<const ContainerIndex::Entry*> places = index_.named(name);
  // One that is only expected is held by the claim of whoever expects it.
  auto recorded =
      std::find_if(places.begin(), places.end(),
                   [](const ContainerIndex::Entry* found) { return found->second.version > 0; });
  if (recorded == places.end()) return std::nullopt;
  const auto& [id, entry] = **recorded;
  return cluster::Holding{id, entry.owner, entry.version};
}

// The node that has the volume is who holds its name.
std::optional<cluster::Holding> ClaimHolders::volume(const std::string& key) const {
  std::string_view name =
      std::string_view(key).substr(docker::recordsOf(docker::ObjectKind::volume).size());
  for (const cluster::NodeId& owner : objects_.holders(docker::ObjectKind::volume, name)) {
    const cluster::Record* record = records_.find(owner, key);
    if (record) return cluster::Holding{std::string(owner.text()), owner, record->version};
  }
  return std::nullopt;
}

}  // namespace catalog
