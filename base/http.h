#pragma once

// HTTP/1.1 messages as they come off a connection (RFC 9112), parsed by llhttp: the head into
// fields, the body only as far as its end must be known. Does no I/O.
//
// One MessageReader serves one direction of one connection. Feed it a head until headDone(), then
// the body until bodyDone(), then reset() it for the next message. Bodies are not copied: the
// reader tells how many of the bytes shown to it belong to the message, and how many of those to
// come need not be shown at all, so that they can be moved by the kernel.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

// A message that breaks the rules or a limit; `status` is the answer it deserves.
class HttpError : public std::exception {
 public:
  HttpError(int status, std::string why) : status_(status), why_(std::move(why)) {}
  int status() const { return status_; }
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  int status_;
  std::string why_;
};

struct HttpLimits {
  size_t headBytes = 64 * 1024;
  size_t headers = 200;
};

bool equalsIgnoreCase(std::string_view a, std::string_view b);

// Whether a comma-separated header value has this token, in any case.
bool hasToken(std::string_view list, std::string_view token);

// The start line and the header fields. Views point into the head and live as long as it does.
class Head {
 public:
  struct Header {
    std::string_view name;
    std::string_view value;
  };

  std::string_view method() const { return method_; }  // requests
  std::string_view target() const { return view(target_); }
  int status() const { return status_; }  // responses
  std::string_view reason() const { return view(target_); }
  int minorVersion() const { return minor_; }  // 0 for HTTP/1.0, 1 for HTTP/1.1
  bool keepAlive() const { return keepAlive_; }

  size_t size() const { return fields_.size(); }
  Header operator[](size_t i) const { return {view(fields_[i].name), view(fields_[i].value)}; }
  // The first header of this name, in any case.
  std::optional<std::string_view> find(std::string_view name) const;
  size_t count(std::string_view name) const;
  // Puts another target in the place of the one that came. Views into this head end with it.
  void retarget(std::string_view target);
  // Takes out all headers of this name.
  void drop(std::string_view name);
  // The protocol of an upgrade that this head asks for or grants; empty if it does not.
  std::string_view upgrade() const;

 private:
  friend class MessageReader;
  struct Span {
    uint32_t at = 0;
    uint32_t length = 0;
  };
  struct Field {
    Span name;
    Span value;
  };
  std::string_view view(Span span) const {
    return std::string_view(text_).substr(span.at, span.length);
  }
  bool isNamed(const Field& field, std::string_view name) const {
    return field.name.length == name.size() && equalsIgnoreCase(view(field.name), name);
  }

  std::string text_;
  std::string_view method_;
  Span target_;
  int status_ = 0;
  int minor_ = 1;
  bool keepAlive_ = true;
  std::vector<Field> fields_;
};

// Where a message's body ends.
enum class Framing { none, length, chunked, untilClose };

class MessageReader {
 public:
  enum class Kind { request, response };
  MessageReader(Kind kind, HttpLimits limits);
  MessageReader(MessageReader&&) noexcept;
  ~MessageReader();

  // Takes what belongs to the head and says how much that was. Throws HttpError.
  size_t feedHead(std::string_view bytes);
  bool headDone() const { return headDone_; }
  // Whether a message has begun: bytes were taken, beyond blank lines between messages.
  bool started() const { return !head_.text_.empty(); }
  const Head& head() const { return head_; }
  Head& head() { return head_; }

  Framing framing() const { return framing_; }
  // The body's length where the head tells it.
  uint64_t contentLength() const { return contentLength_; }
  // For a response: the request was HEAD, so no body follows whatever the head says.
  void expectNoBody() { noBody_ = true; }

  // From now until reset(), body data is also appended to `data`, without its framing; whoever
  // takes it out limits it.
  void collectInto(std::string* data) { collected_ = data; }

  // Says how many of the bytes belong to this message's body, framing included. Throws HttpError.
  size_t feedBody(std::string_view bytes);
  bool bodyDone() const { return bodyDone_; }
  // How many of the next bytes are plain body data that need not be fed; tell skip() how many were
  // not. A body until close may always be skipped.
  uint64_t skippable() const;
  void skip(uint64_t bytes);
  // The size of the chunk that began last; 0 if the body is not chunked.
  uint64_t chunkSize() const;
  // The connection has ended. True if that is where this message ends.
  bool endOfStream();

  // Makes ready for the next message.
  void reset();

 private:
  struct Parser;  // llhttp
  size_t parseHead(std::string_view fresh);
  void checkSize() const;
  void finishHead();

  std::unique_ptr<Parser> parser_;
  HttpLimits limits_;
  Head head_;
  Framing framing_ = Framing::none;
  uint64_t contentLength_ = 0;
  uint64_t remaining_ = 0;  // of a body with a length
  std::string* collected_ = nullptr;
  size_t overhead_ = 0;  // bytes of chunk heads and trailers since the last data
  bool headDone_ = false;
  bool bodyDone_ = false;
  bool noBody_ = false;
};

}  // namespace base
