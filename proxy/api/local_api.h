#pragma once

// The API of this one host: its engine, with ping, version and lists of containers answered in its
// place. What clients of a host in no cluster see, and what other nodes ask for.

#include "docker/local_engine.h"
#include "proxy/http/exchange.h"
#include "proxy/http/metrics.h"
#include "proxy/http/route.h"

namespace proxy {

class LocalApi : public docker::LocalEngine {
 public:
  // All must outlive it.
  LocalApi(docker::Engine& engine, docker::EngineState& state, docker::ContainerListCache& lists,
           Metrics& metrics)
      : docker::LocalEngine(engine, state, lists), metrics_(metrics) {}

  // Passes the request to our engine; lists know of what it changes before the client does.
  base::Task<> passThrough(Exchange& exchange, RouteMatch match);

  // Answered here while our engine is there and would accept them; else by it.
  base::Task<> ping(Exchange& exchange, RouteMatch match);
  base::Task<> version(Exchange& exchange, RouteMatch match);
  base::Task<> containerList(Exchange& exchange, RouteMatch match);

 private:
  bool canAnswer(const RouteMatch& match);

  Metrics& metrics_;
};

}  // namespace proxy
