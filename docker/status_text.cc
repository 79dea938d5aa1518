#include "docker/status_text.h"

#include <charconv>
#include <ctime>

namespace docker {
namespace {

constexpr int64_t second = 1'000'000'000;
constexpr int64_t minute = 60 * second;
constexpr int64_t hour = 60 * minute;

std::string count(int64_t number, const char* unit) {
  return std::to_string(number) + unit;
}

// The number in exactly these columns, or -1.
int64_t column(std::string_view text, size_t at, size_t length) {
  int64_t number = -1;
  if (text.size() < at + length) return -1;
  const char* end = text.data() + at + length;
  auto [stopped, error] = std::from_chars(text.data() + at, end, number);
  return error == std::errc() && stopped == end ? number : -1;
}

// Takes the zone off the end of a time; nanoseconds east of Greenwich. Nothing if there is none.
std::optional<int64_t> takeZone(std::string_view& text) {
  if (text.ends_with('Z')) {
    text.remove_suffix(1);
    return 0;
  }
  if (text.size() < 6) return std::nullopt;
  std::string_view zone = text.substr(text.size() - 6);
  int64_t hours = column(zone, 1, 2);
  int64_t minutes = column(zone, 4, 2);
  bool shaped = (zone[0] == '+' || zone[0] == '-') && zone[3] == ':' && hours >= 0 && hours < 24 &&
                minutes >= 0 && minutes < 60;
  if (!shaped) return std::nullopt;
  text.remove_suffix(6);
  return (hours * hour + minutes * minute) * (zone[0] == '+' ? 1 : -1);
}

}  // namespace

std::string humanDuration(int64_t nanoseconds) {
  int64_t seconds = nanoseconds / second;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return count(seconds, " seconds");
  int64_t minutes = nanoseconds / minute;
  if (minutes == 1) return "About a minute";
  if (minutes < 60) return count(minutes, " minutes");
  int64_t hours = (nanoseconds + hour / 2) / hour;
  if (hours == 1) return "About an hour";
  if (hours < 48) return count(hours, " hours");
  if (hours < 24 * 7 * 2) return count(hours / 24, " days");
  if (hours < 24 * 30 * 2) return count(hours / 24 / 7, " weeks");
  if (hours < 24 * 365 * 2) return count(hours / 24 / 30, " months");
  return count(nanoseconds / hour / 24 / 365, " years");
}

// From an hour on, words change in the middle of an hour or at its end.
int64_t sameWordsUntil(int64_t nanoseconds) {
  if (nanoseconds < second) return second;
  int64_t step = nanoseconds < minute ? second : nanoseconds < hour ? minute : hour / 2;
  return (nanoseconds / step + 1) * step;
}

int64_t parseTime(std::string_view text) {
  std::optional<int64_t> east = takeZone(text);
  if (!east) return 0;
  std::tm parts{};
  int64_t year = column(text, 0, 4);
  int64_t month = column(text, 5, 2);
  parts.tm_mday = static_cast<int>(column(text, 8, 2));
  parts.tm_hour = static_cast<int>(column(text, 11, 2));
  parts.tm_min = static_cast<int>(column(text, 14, 2));
  parts.tm_sec = static_cast<int>(column(text, 17, 2));
  bool shaped = text.size() >= 19 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
                text[13] == ':' && text[16] == ':';
  // Nanoseconds in 64 bits reach to the year 2262.
  bool possible = year >= 1970 && year < 2262 && month >= 1 && month <= 12 && parts.tm_mday >= 1 &&
                  parts.tm_mday <= 31 && parts.tm_hour >= 0 && parts.tm_hour <= 23 &&
                  parts.tm_min >= 0 && parts.tm_min <= 59 && parts.tm_sec >= 0 &&
                  parts.tm_sec <= 60;
  if (!shaped || !possible) return 0;
  parts.tm_year = static_cast<int>(year - 1900);
  parts.tm_mon = static_cast<int>(month - 1);
  int64_t result = static_cast<int64_t>(::timegm(&parts)) * second - *east;
  std::string_view fraction = text.substr(19);
  if (fraction.empty()) return result;
  if (fraction[0] != '.') return 0;
  int64_t unit = second / 10;
  for (char digit : fraction.substr(1)) {
    if (digit < '0' || digit > '9') return 0;
    result += (digit - '0') * unit;
    unit /= 10;
  }
  return result;
}

std::string StatusText::at(int64_t now) const {
  if (!since) return before;
  return before + humanDuration(now - since) + after;
}

int64_t StatusText::sameUntil(int64_t now) const {
  return since ? since + sameWordsUntil(now - since) : INT64_MAX;
}

std::optional<StatusText> decodeStatus(std::string_view text, int64_t started, int64_t finished,
                                       int64_t asked, int64_t answered) {
  StatusText status;
  std::string_view rest = text;
  size_t end = std::string_view::npos;
  if (text.starts_with("Up ")) {
    status.since = started;
    rest.remove_prefix(3);
    end = rest.find(" (");
  } else if (text.starts_with("Exited (") || text.starts_with("Restarting (")) {
    status.since = finished;
    size_t code = text.find(") ");
    if (code == std::string_view::npos || !text.ends_with(" ago")) return std::nullopt;
    rest.remove_prefix(code + 2);
    end = rest.size() - 4;
  } else {
    status.before = text;
    return status;
  }
  if (!status.since) return std::nullopt;
  std::string_view words = rest.substr(0, end);
  status.before = text.substr(0, text.size() - rest.size());
  status.after = rest.substr(words.size());
  if (words != humanDuration(asked - status.since) &&
      words != humanDuration(answered - status.since))
    return std::nullopt;
  return status;
}

}  // namespace docker
