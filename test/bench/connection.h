#pragma once

// The client side of HTTP/1.1 on a unix socket, as cheap as we can make it: blocking, one answer at
// a time, bodies counted and thrown away. It has a parser of its own because a yardstick should not
// share one with the proxy it measures. Anything unexpected is an exception.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bench {

struct Answer {
  int status = 0;
  std::uint64_t bytes =
      0;              // of the body, without chunk framing and, if asked, without stream heads
  std::string start;  // the first bytes of the body: an id, a warning, an error message
};

// Turns the bytes of one answer into an Answer. Understands Content-Length, chunked, and bodies
// that last until the connection ends (also what follows a 101).
class AnswerParser {
 public:
  // With `streamHeads` the body is Docker's multiplexed stream, whose 8-byte heads are not counted.
  explicit AnswerParser(bool streamHeads) : streamHeads_(streamHeads) {}

  void feed(std::string_view bytes);
  void feedEnd();  // the other side closed

  bool isDone() const { return state_ == State::Done; }
  bool hasHead() const { return state_ != State::Head; }
  bool canReuse() const { return reusable_; }
  const Answer& answer() const { return answer_; }

 private:
  enum class State { Head, Length, ChunkSize, ChunkData, ChunkEnd, Trailer, UntilEnd, Done };

  void decodeHead(std::string_view head);
  void count(std::string_view body);

  State state_ = State::Head;
  bool streamHeads_;
  bool reusable_ = true;
  std::uint64_t left_ = 0;       // of the body or of the chunk
  std::uint64_t frameLeft_ = 0;  // of the multiplexed stream's frame
  std::string line_;             // a head, chunk size or stream head that has not come whole yet
  std::string frameHead_;
  Answer answer_;
};

class Connection {
 public:
  Connection(std::string socketPath, bool streamHeads);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Makes ready for the next request; connects where the last answer ended the connection.
  void open();
  // False if the other side does not read any more; its answer tells why.
  bool send(std::string_view bytes);
  void endSending();
  // Waits for bytes and takes them in by way of `scratch`; true when the answer is whole.
  bool receive(std::span<char> scratch);

  const AnswerParser& parser() const { return parser_; }
  int descriptor() const { return descriptor_; }

 private:
  void close();

  std::string path_;
  bool streamHeads_;
  int descriptor_ = -1;
  AnswerParser parser_;
};

}  // namespace bench
