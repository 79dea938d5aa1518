#pragma once

// The type that engines read a request to create a container into, as far as we look into it or
// change it. Whoever looks at one more member adds it here.

#include "base/go_json.h"

namespace docker {

extern const base::GoType createType;

}  // namespace docker
