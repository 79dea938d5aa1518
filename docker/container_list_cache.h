#pragma once

// GET /containers/json, answered from a cache that the engine's events and our own calls keep true
// (DESIGN: the owner's cache). dockerd needs about a tenth of a millisecond for each container in a
// list; this needs none while nothing changes.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/task.h"
#include "docker/container_table.h"
#include "docker/effect.h"
#include "docker/engine.h"
#include "docker/engine_state.h"
#include "docker/inspections.h"
#include "docker/rendered_lists.h"

namespace docker {

class ContainerListCache {
 public:
  // All must outlive it. Listens to `state` from now on. Reads no answer of the engine that is
  // larger than `maxBody`; then lists are not cached.
  ContainerListCache(base::Loop& loop, Engine& engine, EngineState& state, base::Log& log,
                     size_t maxBody);

  // The answer; nothing if the engine must be asked: for a version other than its own, for options
  // we do not know, or because it did not answer us. `withTimes` as for ContainerTable::render().
  base::Task<std::optional<RenderedList>> answer(std::string_view version, std::string_view query,
                                                 bool withTimes = false);

  // Every container's entry in the list, but with an empty Status, which changes with the clock.
  // What other nodes know of them. Nothing if the engine does not tell.
  base::Task<std::optional<std::vector<ContainerTable::Plain>>> entries();
  // Called when something may have changed: by an event or a call about one container, or by a call
  // that may change any of them (`Effect::containers`).
  void onChange(std::function<void(Effect)> callback) { changed_ = std::move(callback); }

  // Called with the id and the engine's answer to GET /containers/{id}/json, whenever a list needed
  // one: of a container that is new, or that an event or a call was about.
  void onInspection(Inspections::Heard callback) { inspections_.onHeard(std::move(callback)); }
  // Has these containers inspected, which the above hears of. Of those that the engine withholds it
  // hears when they can be had.
  base::Task<> inspect(std::vector<std::string> ids);

  // A call that passes through and may change containers. What it changes counts as changed when
  // its answer comes, before its client hears of it, and again when it has ended.
  class Change {
   public:
    // `object`: as it stands in the path; must live as long as this.
    Change(ContainerListCache& lists, Effect effect, std::string_view object);
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change();

    // The engine has answered; its client has not heard yet.
    void answered(int status, std::string_view body);

   private:
    ContainerListCache& lists_;
    Effect effect_;
    std::string_view object_;
  };

 private:
  void event(std::string_view json);
  void mark(Effect effect, std::string_view object);
  base::Time settled() const;
  base::Task<bool> makeFresh();
  base::Task<> refresh();
  base::Task<> refreshOnce(ContainerTable::Need need);

  base::Loop& loop_;
  Engine& engine_;
  EngineState& state_;
  base::Log& log_;
  size_t maxBody_;
  ContainerTable cache_;
  RenderedLists kept_;
  Tick tick_ = 0;
  base::Time fullAt_;   // when the whole list was asked for last
  base::Time retryAt_;  // a refresh failed; none is tried before
  bool refreshing_ = false;
  std::function<void(Effect)> changed_;
  Inspections inspections_;
  base::Event refreshed_;
  base::Scope background_;
};

}  // namespace docker
