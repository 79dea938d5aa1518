#pragma once

// Images that are asked for by their digest and came from another node. Their engine knows them by
// id only (asked_image.h), unless it is told the digest by the registry: for an image that it has,
// that is one small answer.

#include <map>
#include <string>

#include "base/loop.h"
#include "base/task.h"
#include "catalog/locator.h"
#include "docker/engine.h"
#include "docker/local_engine.h"

namespace orchestrator {

class ImageDigests {
 public:
  // All must outlive it.
  ImageDigests(base::Loop& loop, docker::Engine& engine, docker::LocalEngine& local,
               catalog::Locator& locator)
      : loop_(loop), engine_(engine), local_(local), locator_(locator) {}

  struct Found {
    std::string id;      // of the image, if our engine has it
    bool named = false;  // by now the engine knows it by its digest, too
  };
  // Of a name with a digest that our engine does not know. `headers` of the request may hold
  // X-Registry-Auth. A registry that could not tell is left alone for a while.
  base::Task<Found> find(std::string image, std::string headers);

 private:
  base::Task<bool> learn(std::string image, std::string headers);

  base::Loop& loop_;
  docker::Engine& engine_;
  docker::LocalEngine& local_;
  catalog::Locator& locator_;
  std::map<std::string, base::Time> untold_;  // by image, until when its registry is not asked
};

}  // namespace orchestrator
