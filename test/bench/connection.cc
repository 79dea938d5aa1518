#include "test/bench/connection.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace bench {

namespace {

constexpr std::size_t keptBytes = 512;
constexpr int patienceSeconds = 20;

std::string lowerCase(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::uint64_t parseNumber(std::string_view text, int base) {
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end == text.data()) {
    throw std::runtime_error("not a number in the answer: " + std::string(text));
  }
  return value;
}

// The value of a header in a head in lower case, or "".
std::string_view valueOf(std::string_view head, std::string_view name) {
  auto at = head.find("\r\n" + std::string(name) + ":");
  if (at == std::string_view::npos) return "";
  auto begin = head.find_first_not_of(' ', at + name.size() + 3);
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

}  // namespace

void AnswerParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::Head: {
        // The end of the head may straddle two reads, so look at the old bytes' tail again.
        std::size_t old = line_.size();
        line_.append(bytes);
        auto end = line_.find("\r\n\r\n", old < 3 ? 0 : old - 3);
        if (end == std::string::npos) return;
        bytes.remove_prefix(end + 4 - old);
        decodeHead(std::string_view(line_).substr(0, end + 2));
        line_.clear();
        break;
      }
      case State::Length:
      case State::ChunkData: {
        auto part = bytes.substr(0, left_);
        count(part);
        bytes.remove_prefix(part.size());
        left_ -= part.size();
        if (left_ == 0) state_ = state_ == State::Length ? State::Done : State::ChunkEnd;
        break;
      }
      case State::UntilEnd:
        count(bytes);
        return;
      case State::ChunkSize:
      case State::ChunkEnd:
      case State::Trailer: {
        auto end = bytes.find('\n');
        line_.append(bytes.substr(0, end));
        if (end == std::string_view::npos) return;
        bytes.remove_prefix(end + 1);
        if (state_ == State::ChunkSize) {
          left_ = parseNumber(line_, 16);
          state_ = left_ == 0 ? State::Trailer : State::ChunkData;
        } else if (line_ != "\r" && state_ == State::ChunkEnd) {
          throw std::runtime_error("a chunk is longer than it says");
        } else if (state_ == State::ChunkEnd) {
          state_ = State::ChunkSize;
        } else if (line_ == "\r") {
          state_ = State::Done;
        }
        line_.clear();
        break;
      }
      case State::Done:
        throw std::runtime_error("bytes after the end of the answer");
    }
  }
}

void AnswerParser::feedEnd() {
  if (state_ != State::UntilEnd) throw std::runtime_error("connection closed inside an answer");
  state_ = State::Done;
}

void AnswerParser::decodeHead(std::string_view head) {
  std::string lower = lowerCase(head);
  answer_.status = static_cast<int>(parseNumber(head.substr(head.find(' ') + 1, 3), 10));
  auto length = valueOf(lower, "content-length");
  reusable_ = valueOf(lower, "connection") != "close";
  if (answer_.status == 204 || answer_.status == 304) {
    state_ = State::Done;
  } else if (answer_.status == 101) {
    state_ = State::UntilEnd;
    reusable_ = false;
  } else if (valueOf(lower, "transfer-encoding") == "chunked") {
    state_ = State::ChunkSize;
  } else if (!length.empty()) {
    left_ = parseNumber(length, 10);
    state_ = left_ == 0 ? State::Done : State::Length;
  } else {
    state_ = State::UntilEnd;
    reusable_ = false;
  }
}

void AnswerParser::count(std::string_view body) {
  if (answer_.start.size() < keptBytes) {
    answer_.start.append(body.substr(0, keptBytes - answer_.start.size()));
  }
  if (!streamHeads_ || answer_.status >= 400) {
    answer_.bytes += body.size();
    return;
  }
  while (!body.empty()) {
    if (frameLeft_ == 0) {
      auto part = body.substr(0, 8 - frameHead_.size());
      frameHead_.append(part);
      body.remove_prefix(part.size());
      if (frameHead_.size() < 8) return;
      for (int i = 4; i < 8; ++i) {
        frameLeft_ = frameLeft_ << 8 | static_cast<unsigned char>(frameHead_[i]);
      }
      frameHead_.clear();
    }
    auto part = body.substr(0, frameLeft_);
    answer_.bytes += part.size();
    frameLeft_ -= part.size();
    body.remove_prefix(part.size());
  }
}

Connection::Connection(std::string socketPath, bool streamHeads)
    : path_(std::move(socketPath)), streamHeads_(streamHeads), parser_(streamHeads) {}

Connection::~Connection() {
  close();
}

void Connection::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void Connection::open() {
  if (descriptor_ >= 0 && !parser_.canReuse()) close();
  parser_ = AnswerParser(streamHeads_);
  if (descriptor_ >= 0) return;

  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) {
    throw std::runtime_error("socket path too long: " + path_);
  }
  std::memcpy(address.sun_path, path_.data(), path_.size());
  descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0 ||
      ::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "connect to " + path_);
  }
  timeval patience = {patienceSeconds, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

bool Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) return false;
    if (sent < 0) throw std::system_error(errno, std::generic_category(), "send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void Connection::endSending() {
  ::shutdown(descriptor_, SHUT_WR);
}

bool Connection::receive(std::span<char> scratch) {
  ssize_t got = ::recv(descriptor_, scratch.data(), scratch.size(), 0);
  if (got < 0 && errno == EINTR) return false;
  if (got < 0 && errno == EAGAIN) {
    throw std::runtime_error("silent for " + std::to_string(patienceSeconds) + " s after " +
                             std::to_string(parser_.answer().bytes) + " bytes");
  }
  if (got < 0) throw std::system_error(errno, std::generic_category(), "receive");
  if (got == 0) {
    parser_.feedEnd();
  } else {
    parser_.feed({scratch.data(), static_cast<std::size_t>(got)});
  }
  return parser_.isDone();
}

}  // namespace bench
