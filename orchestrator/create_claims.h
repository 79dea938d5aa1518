#pragma once

// What one create has claimed: the name of its container, and those of volumes that nobody has and
// that are made along with it. The name first, then the volumes in order: so no two creates wait
// for each other.

#include <string>
#include <utility>
#include <vector>

#include "base/task.h"
#include "docker/refusal.h"
#include "orchestrator/name_claims.h"
#include "orchestrator/volume_claims.h"

namespace orchestrator {

class CreateClaims {
 public:
  // Both must outlive it.
  CreateClaims(NameClaims& names, VolumeClaims& volumes) : name_(names), owner_(volumes) {}

  base::Task<docker::Refusal> takeName(std::string name) { return name_.take(std::move(name)); }
  void add(VolumeClaims::Claim volume) { volumes_.push_back(std::move(volume)); }

  // `container`, of that node, has come of it.
  void commit(const cluster::NodeId& node, const std::string& container) {
    name_.commit(node, container);
    owner_.made(std::exchange(volumes_, {}), node, true);
  }
  // That node was asked, and nobody knows what came of it.
  void outcomeUnknown(const cluster::NodeId& node) {
    name_.outcomeUnknown(node);
    owner_.made(std::exchange(volumes_, {}), node, false);
  }

 private:
  NameClaims::Claim name_;
  VolumeClaims& owner_;
  std::vector<VolumeClaims::Claim> volumes_;
};

}  // namespace orchestrator
