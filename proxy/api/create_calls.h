#pragma once

// Calls that create a container, and the one that asks where it would go: read from a client, and
// answered with what came of it.

#include <cstddef>

#include "base/loop.h"
#include "base/task.h"
#include "docker/local_engine.h"
#include "orchestrator/container_create.h"
#include "orchestrator/create_order.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

class CreateCalls {
 public:
  // All must outlive it. Bodies of requests may have `maxBody` bytes.
  CreateCalls(base::Loop& loop, docker::LocalEngine& local, orchestrator::ContainerCreate& creation,
              size_t maxBody)
      : loop_(loop), local_(local), creation_(creation), maxBody_(maxBody) {}

  // POST /containers/create
  base::Task<> create(Exchange& exchange, RouteMatch match);
  // The same by a node that has placed it here. Refused, with a header that names the filter, if
  // it cannot be here after all; the other node then tries the next candidate.
  base::Task<> createHere(Exchange& exchange, RouteMatch match);
  // POST /drover/placement, with a create request as its body.
  base::Task<> explain(Exchange& exchange, RouteMatch match);

 private:
  base::Task<orchestrator::CreateOrder> read(Exchange& exchange, RouteMatch match);

  base::Loop& loop_;
  docker::LocalEngine& local_;
  orchestrator::ContainerCreate& creation_;
  size_t maxBody_;
};

}  // namespace proxy
