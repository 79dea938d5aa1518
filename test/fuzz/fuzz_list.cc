// The engine's JSON and the client's query: any bytes give a list that can be shown, or nothing.

#include <string>
#include <string_view>

#include "docker/container_table.h"
#include "docker/list_query.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  // A query, then the list, then an inspection, each ended by a line.
  size_t first = std::min(text.find('\n'), text.size());
  size_t second = std::min(text.find('\n', std::min(first + 1, text.size())), text.size());
  std::string_view list = text.substr(std::min(first + 1, text.size()), second - first);
  std::optional<docker::ListQuery> query = docker::parseListQuery(text.substr(0, first));
  std::optional<std::vector<docker::ListedContainer>> listed = docker::parseList(list);
  std::optional<docker::ContainerTimes> times =
      docker::parseInspect(text.substr(std::min(second + 1, text.size())));
  if (!listed) return 0;

  docker::ContainerTable::Fresh fresh;
  fresh.tick = 1;
  fresh.need.all = true;
  for (const docker::ListedContainer& each : *listed) {
    fuzz::require(each.statusAt + each.statusLength <= each.json.size());
    fresh.times[each.id] = times.value_or(docker::ContainerTimes());
  }
  size_t count = listed->size();
  fresh.listed = std::move(*listed);
  docker::ContainerTable cache;
  cache.toInspect(fresh);
  cache.take(std::move(fresh));
  fuzz::require(cache.size() == count);
  std::string shown = cache.render(query.value_or(docker::ListQuery{.all = true}), 1).body;
  fuzz::require(shown.starts_with('[') && shown.ends_with("]\n"));
  return 0;
}
