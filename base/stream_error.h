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

}  // namespace base
