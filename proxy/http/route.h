#pragma once

// A row of the route table: what a request looks like, who may send it, and who answers. The table
// itself is proxy/api/routes.cc. Pure.

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/task.h"
#include "docker/effect.h"
#include "proxy/http/exchange.h"

namespace proxy {

struct Handlers;  // what the table's rows name members of (proxy/api/routes.h)
struct RouteMatch;

// Answers the request whose head the client holds. Throws when either side breaks off.
using Handler = base::Task<> (*)(const Handlers& handlers, Exchange& exchange, RouteMatch match);

// Who answers, by who asks.
struct Answers {
  Handler cluster;  // a client of a host in a cluster
  Handler host;     // a client of a host in none
  Handler node;     // another node
};

// Who may send a request (proxy/http/gate.h), beside clients on this host, who may send all.
enum class Access {
  everyone,   // clients, and nodes of the cluster for what this host has
  clients,    // not nodes: it is the whole cluster's to answer, or not understood here
  host,       // nobody else
  strangers,  // everyone, and who wants to join
};

// Which parameters a cluster acts on, be it that they become part of others.
enum class Parameters {
  none,
  query,
  form,  // those of the query, and of a body that is a form, which the engine would take, too
};

// What comes after the answer's head.
enum class Flow {
  exchange,  // an answer that ends
  stream,    // an answer that has no end of its own
  hijack,    // the connection becomes a stream both ways
};

struct RouteTraits {
  Flow flow = Flow::exchange;
  docker::Effect effect = docker::Effect::none;
  Parameters parameters = Parameters::none;
  Access access = Access::everyone;
};
// Both; of what both say otherwise than by default, `b`.
constexpr RouteTraits operator|(RouteTraits a, RouteTraits b) {
  if (b.flow != RouteTraits().flow) a.flow = b.flow;
  if (b.effect != RouteTraits().effect) a.effect = b.effect;
  if (b.parameters != RouteTraits().parameters) a.parameters = b.parameters;
  if (b.access != RouteTraits().access) a.access = b.access;
  return a;
}

struct Route : RouteTraits {
  constexpr Route(std::string_view method, std::string_view pattern, Answers answers,
                  RouteTraits traits = {})
      : RouteTraits(traits),
        method(method),
        pattern(pattern),
        literal(std::min(pattern.find('{'), pattern.size())),
        answers(answers) {}

  std::string_view method;
  // Segments of a path without its version. {x} stands for one segment, {x...} for one or more. The
  // first {x} of calls on containers, networks and volumes may be two, if nothing else fits: names
  // of links ("web/db"), and NODE/NAME.
  std::string_view pattern;
  size_t literal;  // how much of the pattern stands as it is, before its first {}
  Answers answers;
};

struct RouteMatch {
  const Route* row = nullptr;
  size_t index = 0;          // of the row in the table
  std::string_view version;  // "1.41", or empty if the path has none
  std::string_view object;   // what stood for the first {}, as sent
  std::string_view query;    // behind the '?', without it
  const Route& route() const { return *row; }
};

// The row for a request; the last one of the table takes what no other does. Views in the result
// point into `target`, and its row into the table.
RouteMatch match(std::span<const Route> table, std::string_view method, std::string_view target);

}  // namespace proxy
