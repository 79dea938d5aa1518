#pragma once

// Where containers with directories of their hosts were that were removed a moment ago. Who makes
// such a one again, as what updates containers does, means the same directories: those of that
// node. Pure: the time comes in.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace docker {

class RemovedBinds {
 public:
  struct Home {
    std::string node;  // id
    std::string nodeName;
    std::vector<std::string> binds;  // directories of the host
    base::Time until{};
  };

  void removed(const std::string& name, Home home, base::Time now);
  // Where the last one of this name was; nullptr if there was none a moment ago.
  const Home* find(std::string_view name, base::Time now) const;
  // The same, if it had just these directories.
  const Home* find(std::string_view name, const std::vector<std::string>& binds,
                   base::Time now) const;

 private:
  std::map<std::string, Home, std::less<>> homes_;  // by the container's name
};

}  // namespace docker
