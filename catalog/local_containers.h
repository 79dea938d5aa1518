#pragma once

// Makes the records of our own containers of what the engine says of them: of each its entry in the
// list, and what one inspection told, which is made when it is new and when what only an inspection
// tells may have changed: what it reserves, and its spec. Pure.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/record_text.h"
#include "docker/container_table.h"

namespace catalog {

class LocalContainers {
 public:
  void clear();

  // What the engine's answer to GET /containers/{id}/json tells. Its reading takes 5 ms for a
  // megabyte.
  struct Told {
    std::string reserves;  // encoded
    uint64_t nanoCpus = 0;
    uint64_t memory = 0;
    std::optional<std::string> spec;  // as in takeSpecs()
  };
  static std::optional<Told> read(std::string_view id, std::string_view json);
  // `isOld`: events came since, so it may be no longer so.
  void inspected(const std::string& id, Told told, bool isOld = false);
  // An event of the engine: what was inspected before may be no longer so.
  void event(std::string_view json);
  // How many of these told of such.
  uint64_t events() const { return events_; }

  // Those of the listed that have to be inspected before records can be made.
  std::vector<std::string> unknown(const std::vector<docker::ContainerTable::Plain>& listed) const;

  // What the containers of this host reserve, and how many there are.
  struct Sums {
    uint64_t nanoCpus = 0;
    uint64_t memory = 0;
    uint64_t containers = 0;
    uint64_t running = 0;
    bool operator==(const Sums&) const = default;
  };
  struct Made {
    Records records;  // by id
    Sums sums;
  };
  // Forgets all that are not listed.
  Made make(std::vector<docker::ContainerTable::Plain> listed);

  // The specs that came since this was asked last, of listed containers; one that is too
  // large is empty. Kept nowhere else, since they are large.
  Records takeSpecs();
  bool hasSpecs() const { return !specs_.empty(); }
  bool lists(std::string_view id) const { return known_.contains(id); }

 private:
  struct Known {
    std::string reserves;  // encoded
    uint64_t nanoCpus = 0;
    uint64_t memory = 0;
    bool doubtful = false;
  };
  std::map<std::string, Known, std::less<>> known_;
  Records specs_;  // not taken yet
  uint64_t events_ = 0;
};

}  // namespace catalog
