#pragma once

// The lists of containers that were answered last. While neither the cache nor the wording of a
// time changes, the same answer is given again without being made again, and who has it already
// need not be sent it. Pure.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "docker/container_table.h"
#include "docker/list_query.h"

namespace docker {

struct RenderedList {
  std::shared_ptr<const std::string> body;  // the same object for as long as the list is the same
  std::string tag;                          // a name for it, as an ETag has (RFC 9110, 8.8.3)
};

class RenderedLists {
 public:
  // What `cache` answers to `query`, which is `parsed`, at `now` (nanoseconds since 1970).
  // `withTimes` as for ContainerTable::render(). The cache must be the same one each time.
  RenderedList render(const ContainerTable& cache, std::string_view query, const ListQuery& parsed,
                      int64_t now, bool withTimes);

 private:
  struct Kept {
    std::string query;
    bool withTimes = false;
    uint64_t version = 0;  // of the cache
    int64_t from = 0;
    int64_t until = 0;  // exclusive
    RenderedList list = {};
  };
  Kept& find(std::string_view query, bool withTimes);

  std::vector<Kept> kept_;  // the latest first
};

}  // namespace docker
