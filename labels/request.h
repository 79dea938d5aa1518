#pragma once

// What a request to create a container needs by itself, without a label that says so. For source
// files only: it shows RapidJSON's types.

#include "base/json.h"
#include "labels/policy.h"

namespace labels {

void readRequest(const rapidjson::Value& body, Policy& policy);

}  // namespace labels
