#pragma once

// Volumes of one name on several nodes, as after a split or when they were made behind our back:
// nobody can say which one is meant, so nothing is done about them but to tell.

#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "catalog/container_index.h"
#include "catalog/object_index.h"
#include "catalog/record_feed.h"
#include "cluster/nodes.h"
#include "cluster/records.h"

namespace orchestrator {

struct VolumeConflict {
  std::string name;
  std::vector<cluster::NodeId> nodes;
};

// As the records tell. Volumes that a driver shows on all nodes are one; of copies of a global
// container each has its own. Pure.
std::vector<VolumeConflict> volumeConflicts(const catalog::ObjectIndex& objects,
                                            const cluster::Records& records,
                                            const catalog::ContainerIndex& index);

// For `docker info`, one line a volume.
std::vector<std::string> volumeWarnings(const cluster::Nodes& nodes,
                                        const cluster::Records& records,
                                        const catalog::ObjectIndex& objects,
                                        const catalog::ContainerIndex& index);

// "one and two", by name.
std::string inWords(std::vector<std::string> nodes);

// Logs those of which this node has one.
class VolumeConflicts {
 public:
  // All must outlive it.
  VolumeConflicts(base::Loop& loop, const cluster::Nodes& nodes, const cluster::Records& records,
                  const catalog::ObjectIndex& objects, const catalog::ContainerIndex& index,
                  base::Log& log)
      : nodes_(nodes),
        records_(records),
        objects_(objects),
        index_(index),
        log_(log),
        timer_(loop) {}

  // Tells from now on of volumes that the feed tells of. The feed must be closed before this goes.
  void follow(catalog::RecordFeed& feed);

 private:
  void changed();
  void tell();

  const cluster::Nodes& nodes_;
  const cluster::Records& records_;
  const catalog::ObjectIndex& objects_;
  const catalog::ContainerIndex& index_;
  base::Log& log_;
  std::set<std::string> told_;
  bool set_ = false;
  base::Timer timer_;
};

}  // namespace orchestrator
