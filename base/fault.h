#pragma once

// What a fault means: a connection or a peer that fails is to be expected, anything else is a
// defect of ours and has to be seen.

#include <exception>
#include <string_view>

#include "base/log.h"
#include "base/task.h"

namespace base {

// Whether it tells that the other side failed: StreamError, Unreachable or HttpError.
bool isForeseen(const std::exception& fault);

// For a scope of tasks in the background: a line for each fault that leaves one of them, an error
// if it was not foreseen. `what` says whose tasks they are, and must outlive the scope, as `log`
// must.
Scope::OnFault tellFaults(Log& log, std::string_view what);

}  // namespace base
