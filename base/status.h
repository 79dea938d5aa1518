#pragma once

// Whether something that fails as a matter of course was done: an outcome that the caller plans
// for. What nobody plans for is thrown instead.
//
//   base::Status stopped = co_await stop(id);
//   if (!stopped.ok()) co_return stopped;
//
//   base::Result<std::string> made = co_await make(request);
//   if (!made.ok()) co_return made.status();
//   use(made.value());

#include <optional>
#include <string>
#include <utility>

namespace base {

// Done, or why not. A value: copies and compares.
class [[nodiscard]] Status {
 public:
  // It is done.
  Status() = default;
  // It is not, and `why` can be understood alone. It may be empty, if nobody says why.
  static Status failed(std::string why) {
    Status status;
    status.ok_ = false;
    status.why_ = std::move(why);
    return status;
  }

  bool ok() const { return ok_; }
  // Empty if it is done. Valid as long as the status.
  const std::string& why() const { return why_; }
  bool operator==(const Status&) const = default;

 private:
  bool ok_ = true;
  std::string why_;
};

// What was asked for, or why it is not to be had.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place, std::move(value)) {}
  // `status` is not ok().
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return value_.has_value(); }
  // All of these are valid as long as the result; the value only if it is ok().
  const Status& status() const { return status_; }
  const std::string& why() const { return status_.why(); }
  T& value() { return *value_; }
  const T& value() const { return *value_; }

 private:
  std::optional<T> value_;
  Status status_;
};

}  // namespace base
