#include "base/log.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <poll.h>
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
constexpr std::size_t keepAtMost = std::size_t{1024} * 1024;

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

// Characters that may stand in a text line as they are.
bool isPlain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
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
  auto bare = [](unsigned char c) { return isPlain(c) && c != ' ' && c != '='; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), bare)) {
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

}  // namespace

// Writes JSON lines in plain ASCII (everything else as \u escapes), keeping its memory between
// them.
class Log::JsonLine {
 public:
  void append(std::string& out, std::string_view time, Level level, std::string_view message,
              std::span<const Field> fields) {
    line_.Clear();
    writer_.Reset(line_);
    writer_.StartObject();
    string("time");
    string(time);
    string("level");
    string(levelNames[static_cast<int>(level)]);
    string("message");
    string(message);
    for (const Field& field : fields) {
      string(field.key);
      std::visit([this](auto value) { add(value); }, field.value);
    }
    writer_.EndObject();
    out.append(line_.GetString(), line_.GetSize());
    out += '\n';
  }

 private:
  void add(std::string_view text) { string(text); }
  void add(std::int64_t number) { writer_.Int64(number); }
  void add(std::uint64_t number) { writer_.Uint64(number); }
  void add(bool yes) { writer_.Bool(yes); }
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

Log::Log(int descriptor, Clock clock) : descriptor_(descriptor), clock_(clock) {}

Log::~Log() {
  flush();
}

void Log::write(Level level, std::string_view message, std::span<const Field> fields) {
  if (buffer_.size() >= keepAtMost) {
    ++lost_;
  } else {
    append(level, message, fields);
  }
  if (level >= Level::warn || buffer_.size() >= flushAt) flush();
}

void Log::append(Level level, std::string_view message, std::span<const Field> fields) {
  if (format_ == LogFormat::text) return appendText(level, message, fields);
  if (!json_) json_ = std::make_unique<JsonLine>();
  json_->append(buffer_, timeNow(), level, message, fields);
}

void Log::appendText(Level level, std::string_view message, std::span<const Field> fields) {
  constexpr std::string_view titles[] = {" TRACE ", " DEBUG ", " INFO  ", " WARN  ", " ERROR "};
  buffer_ += timeNow();
  buffer_ += titles[static_cast<int>(level)];
  appendEscaped(buffer_, message, false);
  for (const Field& field : fields) {
    buffer_ += ' ';
    buffer_ += field.key;
    buffer_ += '=';
    std::visit([this](auto value) { appendValue(buffer_, value); }, field.value);
  }
  buffer_ += '\n';
}

// The time as 2026-11-21T10:00:00.123Z; the calendar is asked once a second.
std::string_view Log::timeNow() {
  auto sinceEpoch = clock_().time_since_epoch();
  auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(sinceEpoch).count();
  std::int64_t second = milliseconds / 1000;
  auto rest = static_cast<int>(milliseconds % 1000);
  if (second != second_) {
    std::time_t when = second;
    std::tm calendar{};
    gmtime_r(&when, &calendar);
    std::strftime(time_, sizeof time_, "%Y-%m-%dT%H:%M:%S.000Z", &calendar);
    second_ = second;
  }
  time_[20] = static_cast<char>('0' + rest / 100);
  time_[21] = static_cast<char>('0' + rest / 10 % 10);
  time_[22] = static_cast<char>('0' + rest % 10);
  return {time_, 24};
}

// A pipe or socket that poll() calls writable takes PIPE_BUF bytes without waiting; so much is
// written at a time. Setting O_NONBLOCK instead would change the descriptor for everyone who
// shares it, such as the shell that started us.
void Log::flush() {
  std::size_t done = 0;
  bool written = false;
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
    written = true;
  }
  buffer_.erase(0, done);
  if (written && buffer_.empty() && lost_ > 0) reportLost();
}

// Leaves a line that says how many are missing, to go out with the next flush.
void Log::reportLost() {
  Field count("lines", std::exchange(lost_, 0));
  append(Level::warn, "log lines lost", std::span(&count, 1));
}

}  // namespace base
