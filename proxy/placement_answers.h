#pragma once

// What clients are told about a placement, beside the engine's answer. Pure.

#include <string>
#include <vector>

#include "labels/place.h"

namespace proxy {

// What the policy asks for and nothing here does yet, a warning each.
std::vector<std::string> unheeded(const labels::Policy& policy);

// The engine's answer to a create, with more warnings. As it was, if it is no object.
std::string withWarnings(const std::string& body, const std::vector<std::string>& warnings);

// The answer to POST /drover/placement.
std::string explanation(const labels::Placement& placement,
                        const std::vector<std::string>& warnings);

}  // namespace proxy
