#pragma once

// From a request to create a container to its policy. Pure: any request gives a policy or a
// problem.

#include "docker/create_request.h"
#include "labels/policy.h"
#include "labels/problem.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace labels {

// What the body does not tell.
struct Defaults {
  std::string platform;  // the query's platform=
};

struct Decoded {
  Policy policy;
  // Which elements of the body's Env were for us and are not for the container to see: their
  // indexes, in order.
  std::vector<size_t> envTaken;
  std::vector<std::string> warnings;  // what was understood as far as it goes
  // Nothing is to be created; answer 400 with its message().
  std::optional<Problem> problem;
};

// A request that is no JSON object, or whose members have other types than they should, is the
// engine's to refuse: what can be understood of it is.
Decoded decode(const docker::CreateRequest& request, const Defaults& defaults = {});
// The same of a body.
Decoded decode(std::string_view createBody, const Defaults& defaults = {});
// What labels alone ask for.
Decoded decode(Labels labels);

}  // namespace labels
