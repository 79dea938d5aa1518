#include "proxy/quiet_log.h"

namespace proxy {
namespace {

constexpr size_t maxLines = 100;
constexpr base::milliseconds interval(10'000);

}  // namespace

void QuietLog::line(base::Level level, std::string_view message,
                    std::span<const base::Field> fields) {
  if (!log_.enabled(level)) return;
  if (written_ == 0) timer_.start(interval, [this] { tellRest(); });
  if (written_ < maxLines) {
    written_++;
    log_.line(level, message, fields);
  } else {
    leftOut_++;
  }
}

void QuietLog::tellRest() {
  if (leftOut_ > 0)
    log_.warn("more connections without a certificate were closed or refused",
              {{"lines_left_out", leftOut_}});
  written_ = leftOut_ = 0;
}

}  // namespace proxy
