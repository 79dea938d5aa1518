#pragma once

// The one table from method and path to how a request is answered. Pure.

#include <cstddef>
#include <span>
#include <string_view>

namespace proxy {

// Who answers.
enum class Answer {
  ping,           // here
  version,        // here
  containerList,  // here, from the cache of the engine's list
  relay,          // the engine; request and answer pass through
  stream,         // the engine; the answer has no end of its own
  hijack,         // the engine; the connection becomes a stream both ways
};

// What a request that changes something changes of the list of containers.
enum class Effect {
  none,
  container,   // the container named in the path
  create,      // a new container, named in the answer
  containers,  // any of them
};

struct Route {
  std::string_view method;
  // Segments of a path without its version. {x} stands for one segment, {x...} for one or more.
  std::string_view pattern;
  Answer answer = Answer::relay;
  Effect effect = Effect::none;
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
