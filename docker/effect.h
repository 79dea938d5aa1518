#pragma once

namespace docker {

// What a request that changes something changes of the list of containers.
enum class Effect {
  none,
  container,   // the container named in the path
  create,      // a new container, named in the answer
  containers,  // any of them
};

}  // namespace docker
