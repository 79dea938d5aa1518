#pragma once

// The names of containers, each of which is given once in the cluster: claimed before a container
// is made or renamed, and held until the container's record stands for it.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "cluster/agent.h"
#include "proxy/container_index.h"
#include "proxy/engine.h"
#include "proxy/locator.h"
#include "proxy/placements.h"

namespace proxy {

class NameClaims {
 public:
  struct Refusal {
    int status = 0;  // of the answer; 0: not refused
    std::string message;
  };

  // All must outlive it.
  NameClaims(base::Loop& loop, Engine& engine, cluster::Agent& agent, Locator& locator,
             ContainerIndex& index, Placements& placements, base::Log& log)
      : loop_(loop),
        engine_(engine),
        agent_(agent),
        locator_(locator),
        index_(index),
        placements_(placements),
        log_(log),
        tasks_([](std::exception_ptr) {}) {}

  // Claims a name for `holder`, a text of the claimant's own. Without a status it is the holder's,
  // who makes a Name of it. A name that is held only for a moment is waited for.
  base::Task<Refusal> claim(std::string name, std::string holder);
  // A container with these names is gone, or renamed: they are free at once.
  void freed(const std::vector<std::string>& names);

  // A claim that is given back when it goes, unless a container then stands for the name. Must not
  // outlive the NameClaims. Without a name it only looks after what was made.
  class Name {
   public:
    Name(NameClaims& owner, std::string name, std::string holder)
        : owner_(owner), name_(std::move(name)), holder_(std::move(holder)) {}
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    ~Name();
    // `object`, a container of that node, has the name: held until its record is known.
    void stands(const cluster::NodeId& node, std::string object);
    const std::string& text() const { return name_; }

   private:
    NameClaims& owner_;
    std::string name_;  // empty: none was claimed
    std::string holder_;
    bool stands_ = false;
  };

  // A container that was made on that node and whose name somebody else holds is expected in the
  // index and in placement until its record comes, or it is gone.
  void expected(const cluster::NodeId& node, std::string object);

 private:
  base::Task<> awaitRecord(cluster::NodeId node, std::string object, std::string name,
                           std::string holder);
  base::Task<std::optional<std::string>> holderOf(std::string name);
  base::Task<bool> isGone(cluster::NodeId id, std::string object, std::string name);
  bool isClaimed(const std::string& name, const std::string& holder) const;
  bool isRecorded(const std::string& object, const std::string& name) const;

  base::Loop& loop_;
  Engine& engine_;
  cluster::Agent& agent_;
  Locator& locator_;
  ContainerIndex& index_;
  Placements& placements_;
  base::Log& log_;
  std::map<std::string, std::string> claimed_;  // by name, the holder of a claim not yet given back
  base::Scope tasks_;
};

}  // namespace proxy
