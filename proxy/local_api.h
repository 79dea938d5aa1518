#pragma once

// The API of this one host: its engine, with ping, version and lists of containers answered in its
// place. What clients of a host in no cluster see, and what other nodes ask for.

#include "proxy/client.h"
#include "proxy/container_lists.h"
#include "proxy/engine.h"
#include "proxy/engine_state.h"
#include "proxy/metrics.h"
#include "proxy/routes.h"

namespace proxy {

class LocalApi {
 public:
  // All must outlive it.
  LocalApi(Engine& engine, EngineState& state, ContainerLists& lists, Metrics& metrics)
      : engine_(engine), state_(state), lists_(lists), metrics_(metrics) {}

  // Answers the request whose head `client` holds. Throws when either side breaks off.
  base::Task<> handle(Client& client, RouteMatch match);

  // Passes the request to our engine; lists know of what it changes before the client does.
  base::Task<> passThrough(Client& client, RouteMatch match);

  // A change that is asked for by ourselves, told to the lists as those of clients are.
  base::Task<base::HttpReply> change(base::HttpCall call, Effect effect, std::string object);

  // Of the engine's API; empty while the engine is not there.
  std::string_view engineVersion() const {
    return state_.facts() ? std::string_view(state_.facts()->apiVersion) : std::string_view();
  }

  // Whether our engine is known not to speak this version of its API; it refuses all that is asked
  // so.
  bool isForeign(std::string_view version) const;

  // The headers that every answer of the engine has.
  const std::string& commonHeaders() const { return state_.lastFacts().headers; }

 private:
  base::Task<> ping(Client& client);
  base::Task<> version(Client& client);
  base::Task<> containerList(Client& client, RouteMatch match);
  bool canAnswer(const RouteMatch& match);

  Engine& engine_;
  EngineState& state_;
  ContainerLists& lists_;
  Metrics& metrics_;
};

}  // namespace proxy
