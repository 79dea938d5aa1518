#pragma once

// The Status text of a container in a list ("Up 5 minutes (healthy)"), which changes with the clock
// alone. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace docker {

// How dockerd words a duration (HumanDuration of docker/go-units): "Less than a second",
// "5 minutes", "About an hour". Negative ones count as none.
std::string humanDuration(int64_t nanoseconds);

// A longer duration, up to which (exclusive) the words are the same as for this one.
int64_t sameWordsUntil(int64_t nanoseconds);

// Nanoseconds since 1970 of an RFC 3339 time, in whatever zone the engine's host is; 0 for Go's
// zero time and for what is no time.
int64_t parseTime(std::string_view rfc3339);

// A Status text with the place where its duration stands, if it has one.
struct StatusText {
  std::string before;
  std::string after;
  int64_t since = 0;  // nanoseconds since 1970; 0: the text does not change, `before` is all of it

  std::string at(int64_t now) const;
  // A moment after `now` until which (exclusive) the text stays the same.
  int64_t sameUntil(int64_t now) const;
};

// Understands the text that the engine gave at a moment between `asked` and `answered`, for a
// container that started and finished at these times. Nothing if the words are not those we would
// have written for that moment: then only the engine knows.
std::optional<StatusText> decodeStatus(std::string_view text, int64_t started, int64_t finished,
                                       int64_t asked, int64_t answered);

}  // namespace docker
