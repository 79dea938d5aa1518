#pragma once

// What a request to create a container needs by itself, without a label that says so. Pure.

#include "docker/create_request.h"
#include "labels/policy.h"

namespace labels {

void readRequest(const docker::CreateRequest& request, Policy& policy);

}  // namespace labels
