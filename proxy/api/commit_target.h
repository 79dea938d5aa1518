#pragma once

// An image made of a container has the container's labels, and with them what was asked of the
// cluster by expressions in its environment, which droverd kept in labels (create_order.h). That
// was asked for the container alone. Labels cannot be left out of a commit, but changed. Pure.

#include <string>
#include <string_view>

#include "catalog/container_record.h"

namespace proxy {

// The target of POST /commit of a container with these labels, by which they ask for nothing in the
// image.
std::string commitTarget(std::string_view target, const catalog::LabelList& labels);

}  // namespace proxy
