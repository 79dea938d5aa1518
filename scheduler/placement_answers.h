#pragma once

// What clients are told about a placement, beside the engine's answer. Pure.

#include <string>
#include <vector>

#include "scheduler/place.h"

namespace scheduler {

// What the policy asks for and nothing here does, or not yet, a warning each. `alone`: a container
// that a global one uses and that has no copies; empty if there is none.
std::vector<std::string> unheeded(const labels::Policy& policy, const std::string& alone);

// The engine's answer to a create, with more warnings. As it was, if it is no object.
std::string withWarnings(const std::string& body, const std::vector<std::string>& warnings);

// The answer to POST /drover/placement.
std::string explanation(const Placement& placement, const std::vector<std::string>& warnings);

}  // namespace scheduler
