#pragma once

// An image pulled without a client who looks on.

#include <string>

#include "base/status.h"
#include "base/task.h"
#include "docker/local_engine.h"

namespace docker {

// The call that pulls it, and whether it did by its reply.
base::HttpCall pullCall(const std::string& image, std::string headers);
base::Status pulled(const base::HttpReply& reply);

// Pulls the image by our own engine (a name, with tag or digest or for its tag latest); `headers`
// of the request may hold X-Registry-Auth. Takes until the engine is done. Throws StreamError or
// Unreachable when the engine breaks off. `local` has to outlive it.
base::Task<base::Status> pullImage(LocalEngine& local, std::string image, std::string headers);

}  // namespace docker
