#include "base/log.h"

#include <poll.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cmath>
#include <ctime>
#include <utility>

namespace base {

namespace {

constexpr std::size_t flushAt = std::size_t{16} * 1024;
constexpr std::size_t maxKept = std::size_t{1024} * 1024;

// A character at the front of some bytes: how many bytes it takes, and its code point; no code
// point if the first byte begins nothing valid.
struct Character {
  std::size_t size = 1;
  std::optional<char32_t> point;
};

// Decodes one character as RFC 3629 has it: no overlong forms, surrogates or points past U+10FFFF.
Character firstCharacter(std::string_view bytes) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  unsigned char lead = at(0);
  if (lead < 0x80) return {1, lead};
  std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < size) return {};
  char32_t point = lead & (0xff >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xc0) != 0x80) return {};
    point = point << 6 | (at(i) & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < least[size] || surrogate || point > 0x10ffff) return {};
  return {size, point};
}

// What a byte asks for in a text line: to be escaped, to have quotes around it, or nothing.
enum class Care : unsigned char { escape, quotes, none };

constexpr std::array<Care, 256> cares = [] {
  std::array<Care, 256> cares{};
  for (size_t c = 0x20; c < 0x7f; c++) {
    bool escaped = c == '"' || c == '\\', quoted = c == ' ' || c == '=';
    cares[c] = escaped ? Care::escape : quoted ? Care::quotes : Care::none;
  }
  return cares;
}();

bool isPlain(char c) {
  return cares[static_cast<unsigned char>(c)] != Care::escape;
}

bool isBare(char c) {
  return cares[static_cast<unsigned char>(c)] == Care::none;
}

// True for what could end a line or drive a terminal: the C0 and C1 controls, DEL, Unicode's own
// line and paragraph separators, and the marks that turn the direction of writing.
bool isControl(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
         (point >= 0x2066 && point <= 0x2069);
}

void appendHex(std::string& out, unsigned char byte) {
  constexpr char digits[] = "0123456789abcdef";
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

// Appends text with everything escaped that could break the line; `quotes` are escaped where they
// surround the text.
void appendEscaped(std::string& out, std::string_view text, bool quotes) {
  while (!text.empty()) {
    auto plain = std::find_if_not(text.begin(), text.end(), isPlain) - text.begin();
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) return;

    Character next = firstCharacter(text);
    if (text[0] == '\n') {
      out += "\\n";
    } else if (text[0] == '\r') {
      out += "\\r";
    } else if (text[0] == '\t') {
      out += "\\t";
    } else if (text[0] == '"' || text[0] == '\\') {
      if (quotes) out += '\\';
      out += text[0];
    } else if (!next.point || isControl(*next.point)) {
      for (char c : text.substr(0, next.size)) appendHex(out, static_cast<unsigned char>(c));
    } else {
      out += text.substr(0, next.size);
    }
    text.remove_prefix(next.size);
  }
}

void appendValue(std::string& out, std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), isBare)) {
    out += text;
    return;
  }
  out += '"';
  appendEscaped(out, text, true);
  out += '"';
}

void appendValue(std::string& out, bool yes) {
  out += yes ? "true" : "false";
}

template <class Number>
void appendValue(std::string& out, Number number) {
  char digits[32];
  auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

// As the number of milliseconds would be written, which takes a floating point ten times as long.
void appendValue(std::string& out, std::chrono::microseconds time) {
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  appendValue(out, milliseconds.count());
  auto rest = static_cast<unsigned>((time - milliseconds).count());
  if (rest == 0) return;
  char digits[] = {'.', static_cast<char>('0' + rest / 100),
                   static_cast<char>('0' + rest / 10 % 10), static_cast<char>('0' + rest % 10)};
  std::size_t size = rest % 10 ? 4 : rest % 100 ? 3 : 2;
  out.append(digits, size);
}

}  // namespace

// spdlog's sink: keeps whole lines until the descriptor takes them.
class Log::Sink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit Sink(int descriptor) : descriptor_(descriptor) {}

  bool full() const { return buffer_.size() >= maxKept; }
  bool pending() const { return !buffer_.empty(); }
  bool worthFlushing() const { return buffer_.size() >= flushAt; }
  void lose() { ++lost_; }
  // How many lines were lost since the last call, once somebody reads again.
  std::size_t takeLost() { return written_ && buffer_.empty() ? std::exchange(lost_, 0) : 0; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    line_.clear();
    formatter_->format(message, line_);
    buffer_.append(line_.data(), line_.size());
  }

  // A pipe or socket that poll() calls writable takes PIPE_BUF bytes without waiting; so much is
  // written at a time. Setting O_NONBLOCK instead would change the descriptor for everyone who
  // shares it, such as the shell that started us.
  void flush_() override {
    std::size_t done = 0;
    written_ = false;
    while (done < buffer_.size()) {
      pollfd ready{descriptor_, POLLOUT, 0};
      if (poll(&ready, 1, 0) != 1) break;
      std::size_t size = std::min<std::size_t>(buffer_.size() - done, PIPE_BUF);
      ssize_t taken = ::write(descriptor_, buffer_.data() + done, size);
      if (taken < 0 && (errno == EINTR || errno == EAGAIN)) break;
      if (taken < 0) {  // closed, or the disk is full: these lines are gone
        lost_ += static_cast<std::size_t>(
            std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(done), buffer_.end(), '\n'));
        done = buffer_.size();
        break;
      }
      done += static_cast<std::size_t>(taken);
      written_ = true;
    }
    buffer_.erase(0, done);
  }

 private:
  int descriptor_;
  spdlog::memory_buf_t line_;
  std::string buffer_;    // whole lines, but for the first if only half of it was taken
  bool written_ = false;  // the last flush got anything through
  std::size_t lost_ = 0;  // lines dropped since the last that was written
};

namespace {

// The level in our words; spdlog's own differ.
class LevelFlag : public spdlog::custom_flag_formatter {
 public:
  explicit LevelFlag(bool title) : title_(title) {}

  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    constexpr std::string_view titles[] = {"TRACE", "DEBUG", "INFO ", "WARN ", "ERROR"};
    std::string_view text = title_ ? titles[message.level] : levelNames[message.level];
    out.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<LevelFlag>(title_);
  }

 private:
  bool title_;
};

// The time, as in 2026-11-21T10:00:00.123Z. Of a second all but the last digits is made once.
class TimeFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    auto second = std::chrono::floor<std::chrono::seconds>(message.time);
    if (second != second_ || size_ == 0) {
      second_ = second;
      std::time_t time = std::chrono::system_clock::to_time_t(second);
      std::tm parts{};
      ::gmtime_r(&time, &parts);
      size_ = std::strftime(text_, sizeof text_, "%Y-%m-%dT%H:%M:%S.", &parts);
    }
    auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(message.time - second);
    auto digits = static_cast<unsigned>(rest.count());
    char* end = text_ + size_;
    end[0] = static_cast<char>('0' + digits / 100);
    end[1] = static_cast<char>('0' + digits / 10 % 10);
    end[2] = static_cast<char>('0' + digits % 10);
    end[3] = 'Z';
    out.append(text_, end + 4);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<TimeFlag>();
  }

 private:
  std::chrono::sys_seconds second_{};
  std::size_t size_ = 0;  // of the text, up to where the milliseconds go
  char text_[64] = {};
};

std::unique_ptr<spdlog::formatter> formatter(LogFormat format) {
  auto made = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
  made->add_flag<LevelFlag>('*', format == LogFormat::text);
  made->add_flag<TimeFlag>('@');
  made->set_pattern(format == LogFormat::text ? "%@ %* %v" : R"({"time":"%@","level":"%*",%v})");
  return made;
}

}  // namespace

// Writes the members of a JSON line in plain ASCII (everything else as \u escapes), keeping its
// memory between them.
class Log::JsonLine {
 public:
  void append(std::string& out, std::string_view message, std::span<const Field> fields) {
    line_.Clear();
    writer_.Reset(line_);
    writer_.StartObject();
    string("message");
    string(message);
    for (const Field& field : fields) {
      string(field.key);
      std::visit([this](auto value) { add(value); }, field.value);
    }
    writer_.EndObject();
    out.append(line_.GetString() + 1, line_.GetSize() - 2);  // without the braces
  }

 private:
  void add(std::string_view text) { string(text); }
  void add(std::int64_t number) { writer_.Int64(number); }
  void add(std::uint64_t number) { writer_.Uint64(number); }
  void add(bool yes) { writer_.Bool(yes); }
  void add(std::chrono::microseconds time) {
    writer_.Double(static_cast<double>(time.count()) / 1e3);
  }
  void add(double number) {
    if (std::isfinite(number)) {
      writer_.Double(number);
    } else {
      string(std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
    }
  }

  // RapidJSON stops in the middle of a string that is not UTF-8, so it gets only what is: bytes
  // that are not become U+FFFD.
  void string(std::string_view text) {
    auto ascii = [](unsigned char c) { return c < 0x80; };
    if (!std::all_of(text.begin(), text.end(), ascii)) text = repaired(text);
    writer_.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }

  std::string_view repaired(std::string_view text) {
    repaired_.clear();
    while (!text.empty()) {
      Character next = firstCharacter(text);
      repaired_ += next.point ? text.substr(0, next.size) : "\xef\xbf\xbd";
      text.remove_prefix(next.size);
    }
    return repaired_;
  }

  std::string repaired_;
  rapidjson::StringBuffer line_;
  rapidjson::Writer<rapidjson::StringBuffer, rapidjson::UTF8<>, rapidjson::ASCII<>> writer_;
};

Log::Log(int descriptor, Clock clock) : clock_(clock), sink_(std::make_shared<Sink>(descriptor)) {
  logger_ = std::make_unique<spdlog::logger>("drover", sink_);
  logger_->set_level(spdlog::level::trace);  // enabled() has chosen
  logger_->set_formatter(formatter(format_));
}

Log::~Log() {
  flush();
}

void Log::setFormat(LogFormat format) {
  format_ = format;
  logger_->set_formatter(formatter(format_));
}

bool Log::pending() const {
  return sink_->pending();
}

void Log::write(Level level, std::string_view message, std::span<const Field> fields) {
  lines_[static_cast<size_t>(level)]++;
  if (sink_->full()) {
    sink_->lose();
  } else {
    append(level, message, fields);
  }
  if (level >= Level::warn || sink_->worthFlushing()) flush();
}

void Log::append(Level level, std::string_view message, std::span<const Field> fields) {
  payload_.clear();
  if (format_ == LogFormat::json) {
    if (!json_) json_ = std::make_unique<JsonLine>();
    json_->append(payload_, message, fields);
  } else {
    appendEscaped(payload_, message, false);
    for (const Field& field : fields) {
      payload_ += ' ';
      payload_ += field.key;
      payload_ += '=';
      std::visit([this](auto value) { appendValue(payload_, value); }, field.value);
    }
  }
  logger_->log(clock_(), spdlog::source_loc(), static_cast<spdlog::level::level_enum>(level),
               payload_);
}

void Log::flush() {
  logger_->flush();
  std::size_t lost = sink_->takeLost();
  if (lost == 0) return;
  Field count("lines", lost);
  append(Level::warn, "log lines lost", std::span(&count, 1));  // goes out with the next flush
}

}  // namespace base
