#include "proxy/published.h"

#include <string>
#include <vector>

namespace proxy {

void publishAll(cluster::Agent& agent, std::string_view prefix, Records fresh, bool confidential) {
  std::vector<std::string> gone;
  agent.state().eachOf(agent.self(), prefix,
                       [&](const std::string& key, const cluster::Record& record) {
                         auto found = fresh.find(std::string_view(key).substr(prefix.size()));
                         if (found == fresh.end()) {
                           gone.push_back(key);
                         } else if (found->second == record.value) {
                           fresh.erase(found);
                         }
                       });
  for (const std::string& key : gone) agent.erase(key);
  for (auto& [name, value] : fresh)
    agent.put(std::string(prefix) + name, std::move(value), confidential);
}

}  // namespace proxy
