#pragma once

// Our own records of one kind made what they should be: what was published is compared with what is
// true, and only the difference goes out.

#include <functional>
#include <string>
#include <string_view>

#include "base/loop.h"
#include "base/task.h"
#include "catalog/record_text.h"
#include "cluster/records.h"

namespace catalog {

using IsGone = std::function<bool(const std::string& name)>;

// Afterwards the records of ours whose keys begin with `prefix` are `fresh`, by what follows it.
// This node must be in a cluster. Many are written in several turns of the loop, for as long as
// `goesOn` says so; asked of each, `isGone` tells of what is no longer true since. `prefix` must
// outlive it.
base::Task<> publishAll(base::Loop& loop, cluster::Records& records, std::string_view prefix,
                        Records fresh, std::function<bool()> goesOn, IsGone isGone = nullptr);

}  // namespace catalog
