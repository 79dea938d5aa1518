#pragma once

// A connection that is of no use any more; `what()` says why.

#include <exception>
#include <string>

namespace base {

class StreamError : public std::exception {
 public:
  explicit StreamError(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

// The same because the other side broke a protocol, by fault or by intent.
class ProtocolError : public StreamError {
 public:
  using StreamError::StreamError;
};

}  // namespace base
