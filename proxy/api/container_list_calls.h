#pragma once

// GET /containers/json of all hosts: each gives its own list, and they are merged. Clients that
// watch ask for the same again and again, so what did not change is neither sent nor copied nor
// merged anew.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "catalog/merge.h"
#include "cluster/nodes.h"
#include "cluster/records.h"
#include "docker/container_list_cache.h"
#include "docker/engine.h"
#include "proxy/api/local_api.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"
#include "proxy/merge/merge_plan.h"

namespace proxy {

class ContainerListCalls {
 public:
  // All must outlive it. Bodies that have to be understood may have `maxBody` bytes.
  ContainerListCalls(docker::Engine& engine, LocalApi& local, docker::ContainerListCache& lists,
                     const cluster::Nodes& nodes, const cluster::Records& records,
                     catalog::ContainerIndex& index, catalog::Locator& locator, base::Log& log,
                     size_t maxBody)
      : engine_(engine),
        local_(local),
        lists_(lists),
        nodes_(nodes),
        records_(records),
        index_(index),
        locator_(locator),
        log_(log),
        maxBody_(maxBody) {}

  base::Task<> answer(Exchange& exchange, RouteMatch match);

 private:
  // Shared by what is kept and by requests under way, which may outlast it. Equal lists are one.
  using Body = std::shared_ptr<const std::string>;
  // A node's answer.
  struct Part {
    cluster::Node node;
    int status = 0;    // 0: it did not answer
    std::string head;  // of a refusal
    Body body;
  };
  struct Kept {
    std::string tag;
    Body body;
  };
  // One merged list and what it was made of.
  struct KeptMerge {
    std::vector<Body> parts;
    std::optional<catalog::ImageIds> images;
    Body body;
  };

  base::Task<> refuse(Exchange& exchange, RouteMatch match);
  base::Task<catalog::Located> anchor(ContainerListPlan& plan);
  base::Task<catalog::Located> ancestors(ContainerListPlan& plan);
  base::Task<std::vector<Part>> ask(RouteMatch match, const ContainerListPlan& plan);
  base::Task<> askSelf(RouteMatch match, std::string query, Part& part);
  base::Task<> askOther(std::string target, Part& part);
  Kept& keep(std::pair<cluster::NodeId, std::string> key);
  Body merged(const std::string& target, const ContainerListPlan& plan, std::vector<Part> parts);

  docker::Engine& engine_;
  LocalApi& local_;
  docker::ContainerListCache& lists_;
  const cluster::Nodes& nodes_;
  const cluster::Records& records_;
  catalog::ContainerIndex& index_;
  catalog::Locator& locator_;
  base::Log& log_;
  size_t maxBody_;
  // By node and target, what it said last.
  std::map<std::pair<cluster::NodeId, std::string>, Kept> kept_;
  std::map<std::string, KeptMerge> keptMerges_;  // by the client's target
};

}  // namespace proxy
