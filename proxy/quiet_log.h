#pragma once

// Log lines that others decide the number of: those about connections from who has not shown who it
// is. Some are written, the rest is counted, and the count is a line of its own.

#include "base/log.h"
#include "base/loop.h"

namespace proxy {

class QuietLog {
 public:
  // Both must outlive it.
  QuietLog(base::Loop& loop, base::Log& log) : log_(log), timer_(loop) {}

  void line(base::Level level, std::string_view message, std::span<const base::Field> fields);
  void line(base::Level level, std::string_view message, base::Log::Fields fields) {
    line(level, message, std::span(fields.begin(), fields.size()));
  }

 private:
  void tellRest();

  base::Log& log_;
  base::Timer timer_;
  size_t written_ = 0;  // since the timer began
  size_t leftOut_ = 0;
};

}  // namespace proxy
