#pragma once

// To know what other nodes have done by now, and not only what they have told: each is asked to
// publish what its engine has done through it, and which version of its records has all of that;
// then we catch up to it (cluster/causality.h). For who is about to say no, or waits for a record.

#include <functional>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/task.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"

namespace orchestrator {

class CatchUp {
 public:
  // What it is made of; all must outlive it.
  struct Parts {
    base::Loop& loop;
    const cluster::Nodes& nodes;
    cluster::Causality& causality;
    // The same of ourselves: waits until what our engine has done is published.
    std::function<base::Task<>()> publish;
    base::Log& log;
  };
  explicit CatchUp(Parts parts) : parts_(std::move(parts)) {}

  // Of these, all at once; those that are down are not asked. Ends when all is known here, after
  // cluster::catchUpLimit at the latest.
  base::Task<> with(std::vector<cluster::Node> nodes);
  base::Task<> withAll();

 private:
  base::Task<> withOne(cluster::Node node);

  Parts parts_;
};

}  // namespace orchestrator
