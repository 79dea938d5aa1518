// Lines are compared as they reach the descriptor, under a clock that stands still.

#include "base/log.h"

#include <criterion/criterion.h>
#include <rapidjson/document.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <string>

using base::Field;
using base::Level;
using base::Log;
using base::LogFormat;

namespace {

std::chrono::system_clock::time_point noon() {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(1795255200123));
}

// A pipe: what a log wrote can be read at any time.
class Pipe {
 public:
  Pipe() {
    cr_assert_eq(::pipe2(ends_.data(), O_CLOEXEC), 0);
    ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    closeReader();
    ::close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return ends_[1]; }

  void closeReader() {
    if (ends_[0] >= 0) ::close(ends_[0]);
    ends_[0] = -1;
  }

  std::string read() const {
    std::string text;
    char bytes[4096];
    ssize_t size = 0;
    while ((size = ::read(ends_[0], bytes, sizeof bytes)) > 0) text.append(bytes, size);
    return text;
  }

 private:
  std::array<int, 2> ends_{};
};

// What one line becomes.
std::string lineOf(LogFormat format, std::string_view message, Log::Fields fields) {
  Pipe pipe;
  Log log(pipe.writer(), noon);
  log.setFormat(format);
  log.info(message, fields);
  log.flush();
  return pipe.read();
}

std::string textOf(std::string_view message, Log::Fields fields = {}) {
  std::string line = lineOf(LogFormat::text, message, fields);
  std::string start = "2026-11-21T10:00:00.123Z INFO  ";
  cr_assert(line.starts_with(start) && line.ends_with("\n"), "%s", line.c_str());
  return line.substr(start.size(), line.size() - start.size() - 1);
}

std::size_t linesIn(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

Test(log, a_text_line_holds_time_level_message_and_fields) {
  std::string seen = lineOf(LogFormat::text, "request done",
                            {{"route", "containers/json"}, {"status", 200}, {"seconds", 0.25}});
  std::string want =
      "2026-11-21T10:00:00.123Z INFO  request done route=containers/json status=200 seconds=0.25\n";
  cr_assert_eq(seen, want, "%s", seen.c_str());
}

Test(log, text_values_are_quoted_and_escaped_where_needed) {
  struct Row {
    std::string_view value, want;
  };
  const Row rows[] = {
      {"plain-1.2/x", "v=plain-1.2/x"},
      {"", "v=\"\""},
      {"two words", "v=\"two words\""},
      {"a=b", "v=\"a=b\""},
      {"say \"hi\"", "v=\"say \\\"hi\\\"\""},
      {"back\\slash", "v=\"back\\\\slash\""},
      {"a\nb\r\tc", "v=\"a\\nb\\r\\tc\""},
      {std::string_view("nul\0", 4), "v=\"nul\\x00\""},
      {"\x1b[2J", "v=\"\\x1b[2J\""},
      {"del\x7f", "v=\"del\\x7f\""},
      {"gr\xc3\xbc\xc3\x9f", "v=\"gr\xc3\xbc\xc3\x9f\""},
      {"\xf0\x9f\x90\x82", "v=\"\xf0\x9f\x90\x82\""},
      {"next\xc2\x85line", "v=\"next\\xc2\\x85line\""},
      {"\xe2\x80\xa8", "v=\"\\xe2\\x80\\xa8\""},           // line separator
      {"\xe2\x80\xae", "v=\"\\xe2\\x80\\xae\""},           // right-to-left override
      {"\xff", "v=\"\\xff\""},                             // never valid
      {"\xc3", "v=\"\\xc3\""},                             // cut short
      {"\xc0\x8a", "v=\"\\xc0\\x8a\""},                    // overlong line feed
      {"\xed\xa0\x80", "v=\"\\xed\\xa0\\x80\""},           // surrogate
      {"\xf4\x90\x80\x80", "v=\"\\xf4\\x90\\x80\\x80\""},  // past the last code point
  };
  for (const Row& row : rows) {
    std::string seen = textOf("m", {{"v", row.value}});
    cr_expect_eq(seen, "m " + std::string(row.want), "%s", seen.c_str());
  }
}

Test(log, numbers_and_booleans_stand_bare) {
  cr_assert_eq(textOf("m", {{"a", -1},
                            {"b", std::numeric_limits<std::uint64_t>::max()},
                            {"c", std::numeric_limits<std::int64_t>::min()},
                            {"d", true},
                            {"e", 1.5f},
                            {"f", std::string("s")}}),
               "m a=-1 b=18446744073709551615 c=-9223372036854775808 d=true e=1.5 f=s");
}

Test(log, times_are_milliseconds_with_the_decimals_that_it_takes) {
  using std::chrono::microseconds;
  cr_assert_eq(textOf("m", {{"a", microseconds(0)},
                            {"b", microseconds(7)},
                            {"c", microseconds(420)},
                            {"d", microseconds(1500)},
                            {"e", microseconds(12'012)},
                            {"f", microseconds(100'000'000)}}),
               "m a=0 b=0.007 c=0.42 d=1.5 e=12.012 f=100000");
  std::string line = lineOf(LogFormat::json, "m", {{"a", microseconds(12'012)}});
  cr_assert(line.ends_with("\"a\":12.012}\n"), "%s", line.c_str());
}

Test(log, each_line_has_its_own_time) {
  static std::chrono::system_clock::time_point now;
  Pipe pipe;
  Log log(pipe.writer(), [] { return now; });
  for (int milliseconds : {0, 7, 999, 1000, 86'399'999, 86'400'000, 1}) {
    now = std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
    log.info("m");
  }
  log.flush();
  cr_assert_eq(pipe.read(),
               "1970-01-01T00:00:00.000Z INFO  m\n"
               "1970-01-01T00:00:00.007Z INFO  m\n"
               "1970-01-01T00:00:00.999Z INFO  m\n"
               "1970-01-01T00:00:01.000Z INFO  m\n"
               "1970-01-01T23:59:59.999Z INFO  m\n"
               "1970-01-02T00:00:00.000Z INFO  m\n"
               "1970-01-01T00:00:00.001Z INFO  m\n");
}

Test(log, a_message_cannot_begin_a_second_line) {
  std::string seen = textOf("one\n2026-11-21T10:00:00.123Z ERROR forged");
  cr_assert_eq(seen, "one\\n2026-11-21T10:00:00.123Z ERROR forged", "%s", seen.c_str());
}

Test(log, a_json_line_is_one_ascii_object_with_the_same_values) {
  std::string line = lineOf(LogFormat::json, "say \"hi\"\n",
                            {{"text", "gr\xc3\xbc\xc3\x9f\xe2\x80\xa8\x1b"},
                             {"broken", "a\xff\xc3"},
                             {"number", -7},
                             {"big", std::numeric_limits<std::uint64_t>::max()},
                             {"real", 0.25},
                             {"yes", true},
                             {"nan", std::numeric_limits<double>::quiet_NaN()},
                             {"far", -std::numeric_limits<double>::infinity()}});
  cr_assert_eq(linesIn(line), 1u);
  cr_assert(std::all_of(line.begin(), line.end(),
                        [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7f); }));
  rapidjson::Document json;
  json.Parse(line.c_str());
  cr_assert_not(json.HasParseError());
  auto text = [&](const char* key) { return std::string(json[key].GetString()); };
  cr_assert_eq(text("time"), "2026-11-21T10:00:00.123Z");
  cr_assert_eq(text("level"), "info");
  cr_assert_eq(text("message"), "say \"hi\"\n");
  cr_assert_eq(text("text"), "gr\xc3\xbc\xc3\x9f\xe2\x80\xa8\x1b");
  cr_assert_eq(text("broken"), "a\xef\xbf\xbd\xef\xbf\xbd");
  cr_assert_eq(json["number"].GetInt(), -7);
  cr_assert_eq(json["big"].GetUint64(), std::numeric_limits<std::uint64_t>::max());
  cr_assert_eq(json["real"].GetDouble(), 0.25);
  cr_assert(json["yes"].GetBool());
  cr_assert_eq(text("nan"), "nan");
  cr_assert_eq(text("far"), "-inf");
}

Test(log, only_levels_from_the_set_one_on_are_written) {
  Pipe pipe;
  Log log(pipe.writer(), noon);
  log.setLevel(Level::warn);
  cr_assert(!log.enabled(Level::info) && log.enabled(Level::warn) && log.enabled(Level::error));
  log.info("not this");
  log.warn("this");
  log.setLevel(Level::trace);
  log.trace("and this");
  log.flush();
  cr_assert_eq(pipe.read(),
               "2026-11-21T10:00:00.123Z WARN  this\n2026-11-21T10:00:00.123Z TRACE and this\n");
}

Test(log, information_waits_for_flush_and_warnings_do_not) {
  Pipe pipe;
  Log log(pipe.writer(), noon);
  log.info("first");
  cr_assert_eq(pipe.read(), "");
  log.warn("second");
  cr_assert_eq(linesIn(pipe.read()), 2u);
}

Test(log, the_destructor_flushes) {
  Pipe pipe;
  { Log(pipe.writer(), noon).info("last words"); }
  cr_assert_eq(linesIn(pipe.read()), 1u);
}

Test(log, a_reader_that_does_not_read_neither_blocks_nor_tears_lines_and_learns_what_was_lost) {
  Pipe pipe;
  Log log(pipe.writer(), noon);
  const std::string filling(1000, 'x');
  constexpr std::size_t written = 3000;  // 3 MB: more than pipe and buffer hold
  for (std::size_t i = 0; i < written; ++i) log.warn(filling, {{"i", i}});

  std::string seen = pipe.read();
  for (log.flush(); true; log.flush()) {
    std::string more = pipe.read();
    if (more.empty()) break;
    seen += more;
  }
  log.flush();
  seen += pipe.read();

  std::string lastLine = seen.substr(seen.rfind('\n', seen.size() - 2) + 1);
  std::size_t kept = linesIn(seen) - 1;
  std::string want =
      "2026-11-21T10:00:00.123Z WARN  log lines lost lines=" + std::to_string(written - kept) +
      "\n";
  cr_assert(kept > 1000 && kept < written);
  cr_assert_eq(lastLine, want, "%s", lastLine.c_str());
  for (std::size_t i = 0, at = 0; i < kept; ++i, at = seen.find('\n', at) + 1) {
    std::string line = seen.substr(at, seen.find('\n', at) - at);
    cr_assert(line.ends_with("x i=" + std::to_string(i)), "line %zu: %s", i, line.c_str());
  }
}

Test(log, lines_for_a_reader_that_has_gone_are_counted_as_lost) {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe gone, back;
  Log log(gone.writer(), noon);
  gone.closeReader();
  for (int i = 0; i < 5; ++i) log.warn("nobody reads this");
  cr_assert_geq(::dup2(back.writer(), gone.writer()), 0);
  log.warn("hello again");
  log.flush();
  cr_assert_eq(back.read(),
               "2026-11-21T10:00:00.123Z WARN  hello again\n"
               "2026-11-21T10:00:00.123Z WARN  log lines lost lines=5\n");
}
