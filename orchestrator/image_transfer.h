#pragma once

// Images from node to node without a registry: what `docker save` gives there is what `docker load`
// gets here, piped through, with no file in between.

#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/task.h"
#include "catalog/locator.h"
#include "cluster/causality.h"
#include "cluster/nodes.h"
#include "docker/engine.h"

namespace orchestrator {

class ImageTransfer {
 public:
  // All must outlive it.
  ImageTransfer(base::Loop& loop, docker::Engine& engine, const cluster::Nodes& nodes,
                const cluster::Causality& causality, const catalog::Locator& locator,
                base::Log& log);

  // Fetches an image from another node into our engine; `request` is {"image": ..., "from": node
  // id}. Those who ask for the same image meanwhile wait for the same transfer. Throws
  // cluster::AgentError with the reason.
  base::Task<> fetch(std::string request);

  // Has the image fetched by `to` from `from`. Throws as fetch() does.
  base::Task<> send(std::string image, cluster::Node from, cluster::Node to);

  // Whether our engine got this image under this name, as it lists it, from another node. Asked
  // once for each.
  bool takeFetched(const std::string& name, const std::string& image);

 private:
  struct Transfer {
    base::Event ended;
    bool done = false;
    std::string fault;
  };
  base::Task<> run(std::string image, cluster::Node from, std::shared_ptr<Transfer> transfer);
  base::Task<> pipe(std::string image, cluster::Node from);

  base::Loop& loop_;
  docker::Engine& engine_;
  const cluster::Nodes& nodes_;
  const cluster::Causality& causality_;
  const catalog::Locator& locator_;
  base::Log& log_;
  std::map<std::string, std::shared_ptr<Transfer>> running_;
  std::map<std::string, std::string>
      fetched_;  // by name, the id of an image, until it is asked for
  base::Scope tasks_;
};

}  // namespace orchestrator
