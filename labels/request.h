#pragma once

// What a request to create a container needs by itself, without a label that says so. For source
// files only: it shows RapidJSON's types.

#include "base/json.h"
#include "labels/policy.h"

namespace labels {

// What the body says of its host: its HostConfig or, if it has none, the body itself, where the
// members stood once. Engines before 28.0 still look for them there.
const rapidjson::Value& hostOf(const rapidjson::Value& body);

void readRequest(const rapidjson::Value& body, Policy& policy);

}  // namespace labels
