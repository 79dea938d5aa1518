#pragma once

// Structured log lines: a message and named values, as text or as JSON, one line each. spdlog
// underneath writes the time and the level.
//
// A Log formats into one buffer that it keeps, so that a line costs no allocation, and hands it to
// its descriptor on flush() (once a turn of the loop is enough), when the buffer is full, and at
// once for warnings and errors. It never waits for its reader: while nobody reads, up to a MiB is
// kept and what comes beyond is counted and reported later as lost. Whatever a message or a value
// holds (line ends, escape sequences, broken UTF-8), a line stays one line.
//
// One thread uses a Log. It does not own the descriptor; the program ignores SIGPIPE.

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace spdlog {
class logger;
}

namespace base {

enum class Level { trace, debug, info, warn, error };
enum class LogFormat { text, json };

// The words used in configuration and in lines, in the order of the enumerators.
inline constexpr std::string_view levelNames[] = {"trace", "debug", "info", "warn", "error"};
inline constexpr std::string_view logFormatNames[] = {"text", "json"};

// A named value of a line: `{"status", 200}`, `{"path", path}`. Borrows its text until the call
// returns. Keys are plain words written by us; "time", "level" and "message" are taken.
struct Field {
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text)
      : key(name), value(std::string_view(text)) {}
  Field(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  Field(std::string_view name, bool yes) : key(name), value(yes) {}
  template <std::signed_integral T>
  Field(std::string_view name, T number) : key(name), value(std::int64_t{number}) {}
  template <std::unsigned_integral T>
  Field(std::string_view name, T number) : key(name), value(std::uint64_t{number}) {}
  template <std::floating_point T>
  Field(std::string_view name, T number) : key(name), value(double{number}) {}
  // In milliseconds, with as many decimals as it takes.
  Field(std::string_view name, std::chrono::microseconds time) : key(name), value(time) {}

  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool,
               std::chrono::microseconds>
      value;
};

class Log {
 public:
  using Clock = std::chrono::system_clock::time_point (*)();

  explicit Log(int descriptor = 2, Clock clock = std::chrono::system_clock::now);
  ~Log();  // flushes
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool enabled(Level level) const { return level >= level_; }
  void setLevel(Level level) { level_ = level; }
  void setFormat(LogFormat format);

  using Fields = std::initializer_list<Field>;
  void trace(std::string_view message, Fields fields = {}) { line(Level::trace, message, fields); }
  void debug(std::string_view message, Fields fields = {}) { line(Level::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) { line(Level::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) { line(Level::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) { line(Level::error, message, fields); }

  // For callers that choose the level, or gather the fields, at run time.
  void line(Level level, std::string_view message, Fields fields) {
    if (enabled(level)) write(level, message, std::span(fields.begin(), fields.size()));
  }
  void line(Level level, std::string_view message, std::span<const Field> fields) {
    if (enabled(level)) write(level, message, fields);
  }

  // How many lines of this level there have been, lost ones included.
  uint64_t lines(Level level) const { return lines_[static_cast<size_t>(level)]; }

  // Whether lines wait for a flush.
  bool pending() const;

  // Hands what is buffered to the descriptor, as far as it takes it without waiting.
  void flush();

 private:
  class JsonLine;
  class Sink;

  void write(Level level, std::string_view message, std::span<const Field> fields);
  void append(Level level, std::string_view message, std::span<const Field> fields);

  Clock clock_;
  Level level_ = Level::info;
  LogFormat format_ = LogFormat::text;
  std::array<uint64_t, 5> lines_ = {};  // by level
  std::string payload_;                 // of the line being written
  std::unique_ptr<JsonLine> json_;      // made with the first JSON line
  std::shared_ptr<Sink> sink_;          // shared because spdlog's logger asks for that
  std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace base
