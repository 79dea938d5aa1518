#pragma once

// The engine's list of containers, kept so that it can be answered without asking: the engine's own
// JSON of each entry, of which only the Status text depends on the clock. Pure: it is told what the
// engine answered and what happened, and tells what must be asked again.
//
// Order of things is by ticks, which the owner draws from one counter: a change and a question each
// have one. An entry is current when it was asked for after the last change that could concern it.
// Some changes are announced before the engine's list shows them (an exited container, measured);
// for a while after each, a container is asked for anew by every question.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/time.h"
#include "docker/list_query.h"
#include "docker/status_text.h"

namespace docker {

using Tick = uint64_t;

// One object of the engine's list.
struct ListedContainer {
  std::string id;
  std::string json;
  size_t statusAt = 0;  // where in `json` the value of Status stands, quotes included
  size_t statusLength = 0;
  std::string status;
  std::string state;
  std::vector<std::string> names;
  std::vector<std::string> labels;  // "key=value"
};

// An answer of the engine's from this size on is read by another thread, while the loop goes on: a
// megabyte takes 5 ms.
constexpr size_t longAnswer = 512 * 1024;

// Takes the engine's answer apart. Nothing if it is not a list as we know it.
std::optional<std::vector<ListedContainer>> parseList(std::string_view json);

// What the engine's inspect tells and its list does not. Nanoseconds since 1970.
struct ContainerTimes {
  int64_t created = 0;
  int64_t started = 0;
  int64_t finished = 0;
  bool linked = false;  // has legacy links, so it gives names to others
};

std::optional<ContainerTimes> parseInspect(std::string_view json);

class ContainerTable {
 public:
  // A container's id, and its entry with an empty Status.
  struct Plain {
    std::string id;
    std::string json;
    bool running = false;  // or paused, or about to restart
    bool dead = false;     // what its removal left behind
  };
  ContainerTable() = default;
  ContainerTable(ContainerTable&&) = default;

  // Forgets everything: the engine went away.
  void clear();

  // Something may have changed: the container of this id, name or prefix; if there is none such, it
  // may be a new one. `until`: when the engine's list is sure to show it.
  void changed(std::string_view object, Tick tick, base::Time until);
  // Something about any of them may have changed.
  void allChanged(Tick tick, base::Time until);
  // The same for containers whose names depend on each other.
  void namesChanged(std::string_view id, Tick tick, base::Time until);

  // What must be asked of the engine before a question of this tick can be answered.
  struct Need {
    bool all = false;
    std::vector<std::string> ids;
    bool none() const { return !all && ids.empty(); }
  };
  Need need(Tick question, base::Time now) const;

  // The engine answered what `need` asked for; the asking began at `tick`. First learn which
  // containers must be inspected, then take the whole over.
  struct Fresh {
    Tick tick = 0;
    base::Time now;
    Need need;
    int64_t asked = 0;  // nanoseconds since 1970, before and after the engine's answer
    int64_t answered = 0;
    std::vector<ListedContainer> listed;
    std::unordered_map<std::string, ContainerTimes> times;  // of those inspected
    std::unordered_set<std::string> withheld;  // those that were to be inspected and could not be
  };
  std::vector<std::string> toInspect(const Fresh& fresh) const;
  void take(Fresh fresh);

  struct Rendering {
    std::string body;
    // Exclusive, nanoseconds since 1970: so long it is the same while version() is.
    int64_t sameUntil = 0;
  };
  // The answer, as the engine would give it at `now` (nanoseconds since 1970). `withTimes`: each
  // entry is followed by when it was created, in nanoseconds, by which other nodes order it.
  Rendering render(const ListQuery& query, int64_t now, bool withTimes = false) const;

  // Another one whenever answers may be others, but for what the clock does.
  uint64_t version() const { return version_; }

  // Of every container, in the engine's order.
  std::vector<Plain> plain() const;

  size_t size() const { return entries_.size(); }
  bool loaded() const { return allFetched_ != 0; }

 private:
  struct Entry {
    ListedContainer listed;
    ContainerTimes times;
    std::optional<StatusText> status;  // nothing: not understood, ask each time
    Tick fetched = 0;
  };
  struct Mark {  // of a container that is listed or may be soon
    Tick changed = 0;
    base::Time until;
    Tick fetched = 0;
  };

  std::optional<std::string> resolve(std::string_view object) const;
  const Entry* find(std::string_view id) const;
  static bool matches(const Entry& entry, const ListQuery& query);

  std::vector<Entry> entries_;  // the engine's order: newest first
  std::unordered_map<std::string_view, const Entry*> byId_;
  std::unordered_map<std::string, Mark> marks_;
  Tick allFetched_ = 0;
  Tick allChanged_ = 0;
  base::Time allUntil_;
  uint64_t version_ = 0;
  uint64_t bytes_ = 0;
  bool linked_ = false;
  bool unexplained_ = false;  // some have no `status`
};

}  // namespace docker
