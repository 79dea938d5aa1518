#pragma once

// GET /events of the cluster: the events of all nodes in one stream, those of nodes that come later
// included.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "cluster/nodes.h"
#include "docker/engine.h"
#include "proxy/http/exchange.h"
#include "proxy/merge/merge_events.h"

namespace proxy {

class EventStream {
 public:
  // All must outlive it.
  EventStream(base::Loop& loop, docker::Engine& engine, const cluster::Nodes& nodes,
              base::Log& log);

  // Streams to the client until all nodes have said all (with `until`), or the client goes away.
  // `target`: what each node is asked; of those that `wanted` names, if it names any.
  base::Task<> run(Exchange& exchange, std::string_view common, std::string target,
                   std::vector<std::string> wanted);

 private:
  base::Task<> follow(cluster::Node node, std::string target);
  base::Task<> listen(cluster::Node node, std::string target);
  void followNewcomers(const std::string& target, const std::vector<std::string>& wanted);
  base::Task<> news();
  EventMerger::Time now() const { return loop_.now().time_since_epoch(); }

  base::Loop& loop_;
  docker::Engine& engine_;
  const cluster::Nodes& nodes_;
  base::Log& log_;
  EventMerger merger_;
  std::map<cluster::NodeId, bool> following_;  // whether it is asked now
  std::set<cluster::NodeId> awaited_;          // of the first that were asked: not answered yet
  base::Event news_;
  int status_ = 0;  // of the first node that answered
  std::optional<cluster::NodeId> refusedBy_;
  std::string refusalHead_, refusal_;  // what that one said
  base::Scope streams_;
};

}  // namespace proxy
