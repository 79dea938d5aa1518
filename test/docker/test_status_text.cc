// Durations as docker/go-units words them, at every border.

#include "docker/status_text.h"

#include <criterion/criterion.h>

#include <string>

using docker::decodeStatus;
using docker::humanDuration;
using docker::parseTime;
using docker::StatusText;

namespace {

constexpr int64_t second = 1'000'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr int64_t start = 1'790'000'000 * second;  // some time in 2026

}  // namespace

Test(status_text, durations_are_worded_like_dockers_at_every_border) {
  const struct {
    int64_t duration;
    std::string words;
  } durations[] = {
      {-day, "Less than a second"},
      {0, "Less than a second"},
      {second - 1, "Less than a second"},
      {second, "1 second"},
      {2 * second - 1, "1 second"},
      {2 * second, "2 seconds"},
      {minute - 1, "59 seconds"},
      {minute, "About a minute"},
      {2 * minute - 1, "About a minute"},
      {2 * minute, "2 minutes"},
      {hour - 1, "59 minutes"},
      {hour, "About an hour"},
      {hour + 30 * minute - 1, "About an hour"},
      {hour + 30 * minute, "2 hours"},
      {2 * hour + 29 * minute, "2 hours"},
      {2 * hour + 30 * minute, "3 hours"},
      {47 * hour + 30 * minute - 1, "47 hours"},
      {47 * hour + 30 * minute, "2 days"},
      {3 * day - 31 * minute, "2 days"},
      {3 * day - 30 * minute, "3 days"},
      {14 * day - 30 * minute - 1, "13 days"},
      {14 * day - 30 * minute, "2 weeks"},
      {21 * day, "3 weeks"},
      {60 * day - 30 * minute - 1, "8 weeks"},
      {60 * day - 30 * minute, "2 months"},
      {90 * day, "3 months"},
      {730 * day - 30 * minute - 1, "24 months"},
      {730 * day - 30 * minute, "1 years"},  // hours are rounded for the choice, but not for years
      {730 * day, "2 years"},
      {3 * 365 * day, "3 years"},
      {200 * 365 * day, "200 years"},
  };
  for (const auto& each : durations) {
    std::string words = humanDuration(each.duration);
    cr_expect_eq(words, each.words, "%ld ns: %s instead of %s", each.duration, words.c_str(),
                 each.words.c_str());
  }
}

Test(status_text, words_stay_the_same_for_as_long_as_promised_and_not_much_longer) {
  for (int64_t each = -day; each < 3 * 365 * day;) {
    int64_t until = docker::sameWordsUntil(each);
    cr_assert_gt(until, each);
    cr_assert_eq(humanDuration(until - 1), humanDuration(each), "%ld", each);
    cr_assert_leq(until - each, each < second ? day + second : hour / 2);
    each = each < second ? until : until + (until % 7);
  }
  cr_expect_eq(docker::sameWordsUntil(second), 2 * second);
  cr_expect_eq(docker::sameWordsUntil(minute - 1), minute);
  cr_expect_eq(docker::sameWordsUntil(5 * minute), 6 * minute);
}

Test(status_text, times_are_nanoseconds_since_1970) {
  const struct {
    std::string text;
    int64_t time;
  } times[] = {
      {"1970-01-01T00:00:01Z", second},
      {"2026-11-21T10:00:00Z", 1795255200 * second},
      {"2026-11-21T10:00:00.5Z", 1795255200 * second + second / 2},
      {"2026-11-21T10:00:00.123456789Z", 1795255200 * second + 123456789},
      {"2026-11-21T10:00:00.1234567899Z", 1795255200 * second + 123456789},
      {"2024-02-29T23:59:59.999999999Z", 1709251199 * second + 999999999},
      {"0001-01-01T00:00:00Z", 0},
      {"", 0},
      {"2026-11-21T10:00:00", 0},
      {"2026-11-21T11:30:00.5+01:30", 1795255200 * second + second / 2},
      {"2026-11-21T02:00:00-08:00", 1795255200 * second},
      {"2026-11-21T10:00:00+0100", 0},
      {"2026-11-21T10:00:00+01:60", 0},
      {"2026-11-21T10:00:00+1:000", 0},
      {"+01:00", 0},
      {"2026-11-21 10:00:00Z", 0},
      {"2026-11-21T10:00:00.12x4Z", 0},
      {"2026-11-21T10:00:00,5Z", 0},
      {"2026-13-21T10:00:00Z", 0},
      {"2026-00-21T10:00:00Z", 0},
      {"2026-11-00T10:00:00Z", 0},
      {"2026-11-32T10:00:00Z", 0},
      {"2026-11-21T24:00:00Z", 0},
      {"2026-11-21T10:60:00Z", 0},
      {"-026-11-21T10:00:00Z", 0},
      {"2026-11--1T10:00:00Z", 0},
      {"9999-12-31T23:59:59Z", 0},
      {"12026-11-21T10:00:00Z", 0},
  };
  for (const auto& each : times) {
    cr_expect_eq(parseTime(each.text), each.time, "%s: %ld", each.text.c_str(),
                 parseTime(each.text));
  }
}

Test(status_text, what_is_understood_goes_on_with_the_clock) {
  const struct {
    std::string text;
    int64_t age;        // of start or end when asked
    std::string later;  // an hour after
  } texts[] = {
      {"Up 5 minutes", 5 * minute, "Up About an hour"},
      {"Up Less than a second", 0, "Up About an hour"},
      {"Up 5 minutes (healthy)", 5 * minute, "Up About an hour (healthy)"},
      {"Up 2 hours (health: starting)", 2 * hour, "Up 3 hours (health: starting)"},
      {"Up 30 seconds (Paused)", 30 * second, "Up About an hour (Paused)"},
      {"Exited (137) 5 minutes ago", 5 * minute, "Exited (137) About an hour ago"},
      {"Exited (-1) 2 days ago", 2 * day, "Exited (-1) 2 days ago"},
      {"Restarting (1) 3 seconds ago", 3 * second, "Restarting (1) About an hour ago"},
      {"Created", day, "Created"},
      {"Dead", day, "Dead"},
      {"Removal In Progress", day, "Removal In Progress"},
      {"", day, ""},
  };
  for (const auto& each : texts) {
    bool up = each.text.starts_with("Up ");
    int64_t since = start - each.age;
    std::optional<StatusText> status =
        decodeStatus(each.text, up ? since : 1, up ? 1 : since, start, start + 1);
    cr_assert(status, "%s", each.text.c_str());
    cr_expect_eq(status->at(start), each.text, "%s: %s", each.text.c_str(),
                 status->at(start).c_str());
    cr_expect_eq(status->at(start + hour), each.later, "%s: %s", each.text.c_str(),
                 status->at(start + hour).c_str());
  }
}

Test(status_text, the_words_may_be_of_any_moment_of_the_call) {
  cr_expect(decodeStatus("Up 4 seconds", start - 5 * second + 1, 0, start, start + second));
  cr_expect(decodeStatus("Up 5 seconds", start - 5 * second + 1, 0, start, start + second));
}

Test(status_text, words_that_we_would_not_have_written_are_not_understood) {
  const struct {
    std::string text;
    int64_t started;
    int64_t finished;
  } texts[] = {
      {"Up 5 minutes", start - 7 * minute, 0},  // restarted since, says the engine
      {"Up 5 minutes", 0, start - 5 * minute},  // never started, says the inspection
      {"Up five minutes", start - 5 * minute, 0},
      {"Up 5 minutes[healthy]", start - 5 * minute, 0},
      {"Exited (0) 5 minutes ago", start - 5 * minute, start - 6 * minute},
      {"Exited (0) 5 minutes ago", start - 5 * minute, 0},
      {"Exited (0) 5 minutes", 0, start - 5 * minute},
      {"Exited (0", 0, start - 5 * minute},
      {"Exited (0) ago", 0, start - 5 * minute},
      {"Restarting (0)  ago", 0, start - 5 * minute},
  };
  for (const auto& each : texts) {
    cr_expect_not(decodeStatus(each.text, each.started, each.finished, start, start + 1), "%s",
                  each.text.c_str());
  }
}
