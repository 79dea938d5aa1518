#include "docker/rendered_lists.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace docker {
namespace {

// Clients ask for few kinds of lists again and again.
constexpr size_t maxKept = 4;

std::string tagOf(std::string_view body) {
  char text[40];
  std::snprintf(text, sizeof text, "\"%zx-%zx\"", std::hash<std::string_view>()(body), body.size());
  return text;
}

}  // namespace

RenderedLists::Kept& RenderedLists::find(std::string_view query, bool withTimes) {
  auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& each) {
    return each.query == query && each.withTimes == withTimes;
  });
  if (found == kept_.end()) {
    if (kept_.size() == maxKept) kept_.pop_back();
    found = kept_.insert(kept_.end(), Kept{std::string(query), withTimes});
  }
  std::rotate(kept_.begin(), found, found + 1);
  return kept_.front();
}

RenderedList RenderedLists::render(const ContainerTable& cache, std::string_view query,
                                   const ListQuery& parsed, int64_t now, bool withTimes) {
  Kept& kept = find(query, withTimes);
  if (kept.list.body && kept.version == cache.version() && kept.from <= now && now < kept.until)
    return kept.list;
  ContainerTable::Rendering made = cache.render(parsed, now, withTimes);
  kept.version = cache.version();
  kept.from = now;
  kept.until = made.sameUntil;
  if (!kept.list.body || *kept.list.body != made.body) {
    kept.list.tag = tagOf(made.body);
    kept.list.body = std::make_shared<const std::string>(std::move(made.body));
  }
  return kept.list;
}

}  // namespace docker
