#pragma once

// This host's engine, as those use it who change something on it by themselves.

#include <string>
#include <string_view>

#include "base/http_client.h"
#include "base/task.h"
#include "docker/container_list_cache.h"
#include "docker/effect.h"
#include "docker/engine.h"
#include "docker/engine_state.h"

namespace docker {

class LocalEngine {
 public:
  // All must outlive it.
  LocalEngine(Engine& engine, EngineState& state, ContainerListCache& lists)
      : engine_(engine), state_(state), lists_(lists) {}

  // A change that is asked for by ourselves, told to the lists as those of clients are. Throws as
  // HttpClient::call.
  base::Task<base::HttpReply> change(base::HttpCall call, Effect effect, std::string object);

  Engine& engine() const { return engine_; }

  // Of the engine's API; empty while the engine is not there.
  std::string_view engineVersion() const {
    return state_.facts() ? std::string_view(state_.facts()->apiVersion) : std::string_view();
  }

  // Whether our engine is known not to speak this version of its API; it refuses all that is asked
  // so.
  bool isForeign(std::string_view version) const;

  // The headers that every answer of the engine has.
  const std::string& commonHeaders() const { return state_.lastFacts().headers; }

 protected:
  Engine& engine_;
  EngineState& state_;
  ContainerListCache& lists_;
};

}  // namespace docker
