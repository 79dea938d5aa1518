#pragma once

// Inspections of our own containers, which the engine may withhold: it answers GET
// /containers/{id}/json under the container's lock, which a start holds for as long as its log or
// volume driver waits for the network. Many are asked for side by side, each for a moment only. One
// that did not come is asked for again in the background, at growing pauses, and nobody waits for
// it meanwhile.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/loop.h"
#include "base/task.h"
#include "docker/container_table.h"
#include "docker/engine.h"

namespace docker {

class Inspections {
 public:
  // Both must outlive it. Takes no answer that is larger than `maxBody`.
  Inspections(base::Loop& loop, Engine& engine, size_t maxBody)
      : loop_(loop), engine_(engine), maxBody_(maxBody), background_([](std::exception_ptr) {}) {}

  // Called with each answer, and waited for.
  using Heard = std::function<base::Task<>(std::string id, std::string json)>;
  void onHeard(Heard callback) { heard_ = std::move(callback); }
  // Called when a container that was withheld can be inspected again, or is gone.
  void onRecovered(std::function<void(const std::string& id)> callback) {
    recovered_ = std::move(callback);
  }

  // What they told, of those that answered. Throws if the engine is away.
  using Times = std::unordered_map<std::string, ContainerTimes>;
  base::Task<Times> of(std::vector<std::string> ids);

  // Something happened to this container: if it is withheld, it may be so no longer.
  void changed(std::string_view id);
  // The engine went away.
  void clear() { withheld_.clear(); }

 private:
  struct Withheld {
    base::Time retryAt;
    base::milliseconds pause{0};
  };
  struct Round {
    std::vector<std::string> ids;
    size_t next = 0;
    Times times;
    std::exception_ptr fault;
  };

  base::Task<> askNext(Round& round);
  struct Read {
    std::optional<ContainerTimes> times;
    std::string json;
  };
  base::Task<Read> read(std::string json);
  base::Task<int> ask(std::string id, base::milliseconds limit, Times& times);
  void withhold(const std::string& id);
  base::Task<> retryAll();
  base::Task<> retry(std::string id);

  base::Loop& loop_;
  Engine& engine_;
  size_t maxBody_;
  Heard heard_;
  std::function<void(const std::string&)> recovered_;
  std::map<std::string, Withheld, std::less<>> withheld_;
  bool retrying_ = false;
  base::Scope background_;
};

}  // namespace docker
