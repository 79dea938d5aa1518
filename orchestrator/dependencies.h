#pragma once

// Where what a container depends on is by the word of the engines: a client may use what it was
// told of a moment ago, by way of another node, and what was made behind our back.

#include <deque>
#include <exception>
#include <string>
#include <vector>

#include "base/task.h"
#include "catalog/locator.h"
#include "cluster/causality.h"
#include "docker/refusal.h"
#include "labels/policy.h"
#include "orchestrator/catch_up.h"
#include "orchestrator/create_claims.h"
#include "orchestrator/volume_claims.h"
#include "scheduler/scheduler.h"

namespace orchestrator {

class Dependencies {
 public:
  // All must outlive it.
  Dependencies(cluster::Causality& causality, CatchUp& catchUp, catalog::Locator& locator,
               scheduler::Scheduler& scheduler, VolumeClaims& volumes)
      : causality_(causality),
        catchUp_(catchUp),
        locator_(locator),
        scheduler_(scheduler),
        volumes_(volumes) {}

  // Tells placement. A volume that nobody has is made where the container goes: its name is
  // claimed, unless `claims` is nullptr. Of what else nobody has, the engine tells.
  base::Task<docker::Refusal> learn(const labels::Policy& policy, CreateClaims* claims);

 private:
  // What is asked about in a row, by several at once.
  struct Round {
    std::deque<std::string> left;
    docker::Refusal refusal;
    std::exception_ptr fault;
  };
  using Ask = base::Task<docker::Refusal> (Dependencies::*)(const std::string&);

  base::Task<docker::Refusal> askAbout(const std::vector<std::string>& objects, Ask ask);
  base::Task<> work(Round& round, Ask ask);
  base::Task<docker::Refusal> learnContainer(const std::string& container);
  base::Task<docker::Refusal> learnNetwork(const std::string& network);
  base::Task<docker::Refusal> learnVolume(const std::string& volume, CreateClaims* claims);
  base::Task<docker::Refusal> lookUp(catalog::Kind kind, const std::string& object);

  cluster::Causality& causality_;
  CatchUp& catchUp_;
  catalog::Locator& locator_;
  scheduler::Scheduler& scheduler_;
  VolumeClaims& volumes_;
};

}  // namespace orchestrator
