#pragma once

// Where containers with directories of their hosts were that were removed a moment ago. Who makes
// such a one again, as what updates containers does, means the same directories: those of that
// node. Pure; times are milliseconds of one clock.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace docker {

class RemovedBinds {
 public:
  struct Home {
    std::string node;  // id
    std::string nodeName;
    std::vector<std::string> binds;  // directories of the host
    uint64_t until = 0;
  };

  void removed(const std::string& name, Home home, uint64_t now);
  // Where the last one of this name was; nullptr if there was none a moment ago.
  const Home* find(std::string_view name, uint64_t now) const;
  // The same, if it had just these directories.
  const Home* find(std::string_view name, const std::vector<std::string>& binds,
                   uint64_t now) const;

 private:
  std::map<std::string, Home, std::less<>> homes_;  // by the container's name
};

}  // namespace docker
