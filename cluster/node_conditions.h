#pragma once

// What keeps this node's cluster from being as it should, each for as long as its cause lasts.
// Pure.

#include <map>
#include <optional>
#include <string>

#include "cluster/types.h"

namespace cluster {

class NodeConditions {
 public:
  // The gravest first: that one is shown.
  enum class Cause { removed, clone, configuration, clock, certificate, disk };

  // Says whether that is news. With `until` it goes by itself then, unless it is told again.
  bool begin(Cause cause, std::string why, std::optional<Time> until = {});
  // Both say whether something went.
  bool end(Cause cause);
  bool expire(Time now);
  void clear() { all_.clear(); }

  // Empty if all is well.
  std::string text() const;

 private:
  struct Trouble {
    std::string why;
    std::optional<Time> until;
  };
  std::map<Cause, Trouble> all_;
};

}  // namespace cluster
