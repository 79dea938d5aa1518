#pragma once

// Claims, as those see them who make them: things of which the cluster has one, granted to one
// holder.

#include <cstdint>
#include <string>

#include "base/task.h"
#include "cluster/types.h"

namespace cluster {

// Who holds a key for good, as far as the records tell.
struct Holding {
  std::string holder;
  NodeId owner;          // whose record says so
  uint64_t version = 0;  // of that record
};

struct ClaimResult {
  enum class Verdict {
    granted,
    held,         // by `holder`
    unreachable,  // no majority answered in time
  };
  Verdict verdict = Verdict::unreachable;
  std::string holder;
  int reached = 0;      // members that answered
  int abstained = 0;    // those of them that do not grant anything yet
  int responsible = 0;  // members that were asked
};

class ClaimService {
 public:
  virtual ~ClaimService() = default;
  // Asks for `key` in the name of `holder`; the same holder may ask again and is granted again. A
  // grant that no record will stand for soon must be renewed by claiming again. Throws AgentError
  // while this node is in no cluster.
  virtual base::Task<ClaimResult> claim(std::string key, std::string holder) = 0;
  // Gives it back. Nothing happens while this node is in no cluster.
  virtual void release(const std::string& key, const std::string& holder) = 0;
};

}  // namespace cluster
