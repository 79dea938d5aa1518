#include "cluster/node_conditions.h"

namespace cluster {

bool NodeConditions::begin(Cause cause, std::string why, std::optional<Time> until) {
  Trouble& trouble = all_[cause];
  trouble.until = until;
  if (trouble.why == why) return false;
  trouble.why = std::move(why);
  return true;
}

bool NodeConditions::end(Cause cause) {
  return all_.erase(cause) > 0;
}

bool NodeConditions::expire(Time now) {
  return std::erase_if(all_, [now](const auto& each) {
           return each.second.until && *each.second.until <= now;
         }) > 0;
}

std::string NodeConditions::text() const {
  return all_.empty() ? std::string() : all_.begin()->second.why;
}

}  // namespace cluster
