#pragma once

// What a client gets of the answers of several nodes.

#include <string_view>
#include <vector>

#include "base/task.h"
#include "catalog/fan_out.h"
#include "proxy/http/exchange.h"

namespace proxy {

// Answers the client as the node did whose answer was chosen among these, or with what was made of
// them.
base::Task<> sendChosen(Exchange& exchange, const catalog::Chosen& chosen,
                        const std::vector<catalog::NodeReply>& replies, std::string_view common);

}  // namespace proxy
