#pragma once

// Global containers (io.drover.global): keeps the copy on this node as it should be. What that is
// is worked out from records (global_plan.h), a moment after they change and every few seconds;
// each node makes, starts, renames and removes only its own copies, on its own engine.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "base/status.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/node_client.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "orchestrator/container_create.h"
#include "orchestrator/container_rename.h"
#include "orchestrator/global_plan.h"
#include "orchestrator/name_claims.h"
#include "scheduler/scheduler.h"

namespace orchestrator {

class GlobalContainers {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    base::Loop& loop;
    catalog::NodeClient nodeClient;
    const cluster::Nodes& nodes;
    const cluster::Records& records;
    catalog::ContainerIndex& index;
    catalog::Locator& locator;
    scheduler::Scheduler& scheduler;
    NameClaims& names;
    ContainerCreate& creation;
    ContainerRename& renames;
    base::Log& log;
  };
  explicit GlobalContainers(Parts parts);

  // Records may have changed, or we entered a cluster: looks a moment later. Costs next to nothing.
  void changed();

 private:
  // Why a group is not as it should be, and until when nothing more is tried.
  struct Trouble {
    std::string why;
    base::Time until;
    base::milliseconds pause{0};
  };

  void look();
  void lookBy(base::milliseconds delay);
  std::vector<GlobalGroup> groups() const;
  GlobalStep stepFor(const GlobalGroup& group, const GlobalGroup* primary,
                     std::span<const GlobalNode> nodes);
  GlobalFit fitOf(const GlobalGroup& group, const GlobalGroup* primary);
  void begin(const GlobalStep& step, const GlobalGroup& group, std::span<const GlobalGroup> groups,
             std::span<const GlobalStep> steps);
  bool mustWait(const GlobalStep& step, const GlobalGroup& group,
                std::span<const GlobalGroup> groups, std::span<const GlobalStep> steps);
  std::optional<docker::CreateRequest> specOf(const GlobalMember& member);
  std::vector<std::string> usedBy(const GlobalMember& member);
  bool isTime(const GlobalStep& step, const std::string& group);
  base::Task<> take(GlobalStep step, GlobalGroup group);
  base::Task<base::Status> perform(GlobalStep step, GlobalGroup group);
  base::Task<base::Status> make(GlobalStep step, GlobalMember original);
  bool useOwn(docker::CreateRequest& spec);
  base::Task<bool> isGone(GlobalMember original);
  base::Task<catalog::NodeReply> inspect(std::string node, std::string container);
  base::Task<base::Status> removeOrphan(GlobalStep step);
  base::Task<base::Status> succeed(GlobalMember copy, std::string name);
  base::Task<base::Status> handOver(GlobalMember copy, GlobalMember original);
  base::Task<base::Status> create(labels::Policy policy, docker::CreateRequest request,
                                  std::string name);
  base::Task<base::Status> startFirst(std::string id);
  base::Task<base::Status> start(std::string id);
  base::Task<base::Status> stop(std::string id);
  base::Task<base::Status> remove(GlobalMember member);
  base::Task<std::optional<bool>> isHere(std::string group, bool isCopy);

  Parts parts_;
  std::map<std::string, GlobalOrigin> origins_;  // by group, where its original was seen last
  std::map<std::string, Trouble> conditions_;    // by group
  struct Wait {
    GlobalStep::What what = GlobalStep::What::nothing;
    base::Time since;
  };
  std::map<std::string, Wait> waits_;  // by group: for what may be settled by others
  std::set<std::string> busy_;         // groups for which something is being done
  bool soonSet_ = false;
  base::Time nextLook_ = base::Time::max();
  base::Timer soon_;
  base::Timer later_;
  base::Scope tasks_;
};

}  // namespace orchestrator
