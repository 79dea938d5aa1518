#pragma once

// The one table from method and path to how a request is answered. Pure.

#include <cstddef>
#include <span>
#include <string_view>

#include "docker/effect.h"

namespace proxy {

// Who answers. While this host is in no cluster, its engine answers for all but ping, version,
// containerList and swarm; its engine knows nothing of placement
// and rebalance.
enum class Answer {
  engine,  // this host's
  h2c,     // this host's, on a connection that becomes one of HTTP/2
  other,   // this host's: what we do not know is for it to understand

  // The engine of the node that has the object named in the path.
  container,
  exec,
  network,
  volume,
  image,
  commit,  // of the container named in the query

  // droverd, from what all nodes say.
  ping,
  version,
  info,
  events,
  diskUsage,
  prune,
  containerList,
  imageList,
  networkList,
  volumeList,
  imageChange,  // a tag or a removal, on every node that has the image

  // The engine of a node that droverd chooses, after what has to be done before.
  create,
  volumeCreate,
  networkCreate,
  pull,
  build,
  save,

  placement,  // droverd: where a create would go
  rebalance,  // droverd: moves what evens the load

  swarm,              // droverd, for the cluster
  admission,          // droverd, for who wants to join, and its peers
  node,               // droverd, for its peers only
  clientCertificate,  // droverd, for who is on this host
};

// What comes after the answer's head.
enum class Flow {
  exchange,  // an answer that ends
  stream,    // an answer that has no end of its own
  hijack,    // the connection becomes a stream both ways
};

struct Route {
  std::string_view method;
  // Segments of a path without its version. {x} stands for one segment, {x...} for one or more. The
  // first {x} of calls on containers, networks and volumes may be two, if nothing else fits: names
  // of links ("web/db"), and NODE/NAME.
  std::string_view pattern;
  Answer answer = Answer::engine;
  Flow flow = Flow::exchange;
  docker::Effect effect = docker::Effect::none;
};

// Every route; the last one takes what no other does.
std::span<const Route> routes();

struct RouteMatch {
  size_t index = 0;          // into routes()
  std::string_view version;  // "1.41", or empty if the path has none
  std::string_view object;   // what stood for the first {}, as sent
  std::string_view query;    // behind the '?', without it
  const Route& route() const { return routes()[index]; }
};

// Views in the result point into `target`.
RouteMatch match(std::string_view method, std::string_view target);

}  // namespace proxy
