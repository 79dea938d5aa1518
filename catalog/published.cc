#include "catalog/published.h"

#include <string>
#include <vector>

namespace catalog {

namespace {

// Each of them takes some 20 µs, with what is made of it on this node.
constexpr size_t perTurn = 500;

}  // namespace

base::Task<> publishAll(base::Loop& loop, cluster::Records& records, std::string_view prefix,
                        Records fresh, std::function<bool()> goesOn, IsGone isGone) {
  std::vector<std::string> gone;
  records.eachOfOurs(prefix, [&](const std::string& key, const cluster::Record& record) {
    auto found = fresh.find(std::string_view(key).substr(prefix.size()));
    if (found == fresh.end()) {
      gone.push_back(key);
    } else if (found->second == record.value) {
      fresh.erase(found);
    }
  });
  size_t written = 0;
  for (const std::string& key : gone) {
    records.erase(key);
    if (++written % perTurn == 0) co_await loop.nextTurn();
    if (!goesOn()) co_return;
  }
  for (auto& [name, value] : fresh) {
    if (!isGone || !isGone(name)) records.put(std::string(prefix) + name, std::move(value));
    if (++written % perTurn == 0) co_await loop.nextTurn();
    if (!goesOn()) co_return;
  }
}

}  // namespace catalog
