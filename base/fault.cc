#include "base/fault.h"

#include "base/http.h"
#include "base/http_client.h"
#include "base/stream_error.h"

namespace base {

bool isForeseen(const std::exception& fault) {
  return dynamic_cast<const StreamError*>(&fault) || dynamic_cast<const Unreachable*>(&fault) ||
         dynamic_cast<const HttpError*>(&fault);
}

Scope::OnFault tellFaults(Log& log, std::string_view what) {
  return [&log, what](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& fault) {
      log.line(isForeseen(fault) ? Level::debug : Level::error, "background task failed",
               {{"task", what}, {"reason", fault.what()}});
    }
  };
}

}  // namespace base
