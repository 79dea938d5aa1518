#pragma once

// A connection that could not be made because its host refused it: that one stands, and says that
// nobody listens there.

#include "base/stream_error.h"

namespace base {

class ConnectionRefused : public StreamError {
 public:
  using StreamError::StreamError;
};

}  // namespace base
