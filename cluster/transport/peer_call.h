#pragma once

// Small calls to another node, over HTTP.

#include <string>

#include "base/http_client.h"

namespace cluster {

// The {"message"} of an answer that says no.
std::string refusalOf(const base::HttpReply& reply);

}  // namespace cluster
