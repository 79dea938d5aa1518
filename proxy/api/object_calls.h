#pragma once

// Calls about one object go to the node that has it. NODE/NAME, as classic Swarm has it, says which
// node that is; else records tell, or all nodes are asked.

#include <optional>
#include <string>

#include "base/task.h"
#include "catalog/container_index.h"
#include "catalog/locator.h"
#include "cluster/nodes.h"
#include "proxy/api/local_api.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class ObjectCalls {
 public:
  // All must outlive it.
  ObjectCalls(LocalApi& local, const cluster::Nodes& nodes, catalog::ContainerIndex& index,
              catalog::Locator& locator)
      : local_(local), nodes_(nodes), index_(index), locator_(locator) {}

  // Handlers of calls that are merely passed on to the node that has the object.
  base::Task<> container(Exchange& exchange, RouteMatch match);
  base::Task<> exec(Exchange& exchange, RouteMatch match);
  base::Task<> network(Exchange& exchange, RouteMatch match);
  base::Task<> image(Exchange& exchange, RouteMatch match);
  // POST /containers/{id}/exec: the node that makes it is who knows it.
  base::Task<> createExec(Exchange& exchange, RouteMatch match);

  struct Owner {
    std::optional<cluster::Node> node;  // nothing: the client has its answer already
    std::string inspection;             // what the node said of the object, if it was asked
  };
  // Who is to answer for the object; if nobody has it, this host, whose engine says so. Of
  // NODE/NAME `match` is the call on NAME afterwards.
  base::Task<Owner> owner(Exchange& exchange, RouteMatch& match, catalog::Kind kind);
  // The same for any name of an object.
  base::Task<Owner> ownerOf(Exchange& exchange, catalog::Kind kind, std::string object);

  struct Named {
    std::optional<cluster::Node> node;  // nothing: none was named
    bool isAnswered = false;            // that it cannot be, as the client was told
  };
  // The node of NODE/NAME, taken out of the request and of `match`.
  base::Task<Named> named(Exchange& exchange, RouteMatch& match, catalog::Kind kind);

  // Passes the request to the node.
  base::Task<> send(Exchange& exchange, RouteMatch match, cluster::Node node);
  // That it is nowhere, or where it is cannot be said.
  base::Task<> sendLocated(Exchange& exchange, const catalog::Located& located);

 private:
  base::Task<> pass(Exchange& exchange, RouteMatch match, catalog::Kind kind);
  std::optional<cluster::Node> takeNode(Exchange& exchange, RouteMatch& match, catalog::Kind kind);

  LocalApi& local_;
  const cluster::Nodes& nodes_;
  catalog::ContainerIndex& index_;
  catalog::Locator& locator_;
};

}  // namespace proxy
