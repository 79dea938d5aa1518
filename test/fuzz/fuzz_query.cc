// The queries of clients: any bytes are read, what was read is written as something that is read as
// the same, and so are filters.

#include <string>
#include <string_view>

#include "base/url.h"
#include "docker/filtered_query.h"
#include "docker/list_query.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  fuzz::require(base::decodeQueryValue(base::encodeQueryValue(text)) == text);
  fuzz::require(base::decodePath(base::encodeQueryValue(text)) == text);
  fuzz::require(base::brokenEscape(text).empty() == base::decodePath(text).has_value());

  docker::Query query = docker::parseQuery(text);
  docker::Query again = docker::parseQuery(query.text());
  fuzz::require(again.fault.empty());
  fuzz::require(again.parameters == query.parameters);
  for (const auto& [name, value] : query.parameters) {
    fuzz::require(query.has(name));
    fuzz::require(again.flag(name) == query.flag(name));
    fuzz::require(again.number(name) == query.number(name));
  }

  std::optional<docker::FilteredQuery> filtered = docker::parseFilteredQuery(text);
  fuzz::require(query.fault.empty() || !filtered);
  std::optional<docker::ListQuery> list = docker::parseListQuery(text);
  fuzz::require(filtered || !list);
  if (!filtered) return 0;
  std::string sent = filtered->text();
  std::optional<docker::FilteredQuery> heard = docker::parseFilteredQuery(sent);
  fuzz::require(heard.has_value());
  fuzz::require(heard->query.parameters == filtered->query.parameters);
  fuzz::require(heard->filters.size() == filtered->filters.size());
  for (size_t i = 0; i < heard->filters.size(); i++) {
    fuzz::require(heard->filters[i].name == filtered->filters[i].name);
    fuzz::require(heard->filters[i].values == filtered->filters[i].values);
  }
  fuzz::require(docker::parseListQuery(sent) == list);
  return 0;
}
