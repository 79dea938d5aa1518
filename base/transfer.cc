#include "base/transfer.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace base {
namespace {

constexpr int pipeSize = 256 * 1024;
// Chunks from this size on are worth a splice each.
constexpr uint64_t largeChunk = 8 * 1024;
// How many bytes of a chunk's beginning are looked at: its head and a little data.
constexpr size_t peekSize = 64;
// After this much, others get their turn of the loop.
constexpr uint64_t turn = 1024 * 1024;
// A splice that moved less than this says that the rush is over.
constexpr uint64_t littleMoved = 4 * 1024;

}  // namespace

// Writes what lies in the scratch buffer. What the other side does not take at once is kept in
// this coroutine's frame, since the buffer is anybody's while we wait.
Task<> Transfer::put(std::string_view bytes) {
  size_t done = to_.tryWrite(bytes);
  if (done < bytes.size()) {
    std::string left(bytes.substr(done));
    co_await to_.write(left);
  }
  co_await takeTurns(bytes.size());
}

// A transfer that never has to wait would keep everyone else waiting.
Task<> Transfer::takeTurns(uint64_t moved) {
  sinceTurn_ += moved;
  if (sinceTurn_ < turn) co_return;
  sinceTurn_ = 0;
  co_await from_.loop().nextTurn();
}

// In a rush. Without the pause, the source's writer and the target's reader are woken for each few
// kilobytes; with it they do more at a time. Measured over a container's archive: half the
// processor time here and at the reader, a fifth less at the engine.
Task<> Transfer::moreToRead() {
  sourceFailed_ = true;  // while we wait; a cancelled source throws from here
  co_await from_.loop().shortly();
  from_.checkCancelled();
  co_await from_.readable();
  from_.checkCancelled();
  sourceFailed_ = false;
}

Task<uint64_t> Transfer::splice(uint64_t limit) {
  if (!pipeIn_) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) throw StreamError(std::strerror(errno));
    pipeOut_ = Fd(ends[0]);
    pipeIn_ = Fd(ends[1]);
    ::fcntl(pipeIn_.get(), F_SETPIPE_SZ, pipeSize);  // smaller will do
  }
  size_t most = static_cast<size_t>(std::min<uint64_t>(limit, pipeSize));
  ssize_t moved;
  for (;;) {
    moved = ::splice(from_.fd(), nullptr, pipeIn_.get(), nullptr, most,
                     SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (moved >= 0) break;
    if (errno != EAGAIN && errno != EINTR) {
      sourceFailed_ = true;
      throw StreamError(std::strerror(errno));
    }
    co_await moreToRead();
  }
  size_t left = static_cast<size_t>(moved);
  while (left > 0) {
    ssize_t out = ::splice(pipeOut_.get(), nullptr, to_.fd(), nullptr, left,
                           SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (out > 0) {
      left -= static_cast<size_t>(out);
    } else if (out == 0 || errno == EAGAIN || errno == EINTR) {
      co_await to_.writable();
      to_.checkCancelled();
    } else {
      throw StreamError(std::strerror(errno));
    }
  }
  from_.countSpliced(static_cast<uint64_t>(moved), 0);
  to_.countSpliced(0, static_cast<uint64_t>(moved));
  co_await takeTurns(static_cast<uint64_t>(moved));
  co_return static_cast<uint64_t>(moved);
}

Task<> Transfer::untilEnd() {
  bool rush = false;
  for (;;) {
    if (rush && canSplice()) {
      uint64_t moved = co_await splice(UINT64_MAX);
      if (moved == 0) co_return;
      rush = moved >= littleMoved;
      continue;
    }
    std::span<char> buffer = from_.loop().scratch();
    sourceFailed_ = true;
    std::optional<size_t> got = from_.tryRead(buffer);
    if (!got) {
      co_await from_.readable();
      continue;
    }
    sourceFailed_ = false;
    if (*got == 0) co_return;
    rush = *got >= buffer.size() / 2;
    co_await put(std::string_view(buffer.data(), *got));
  }
}

// One read and one write. Returns how much was read.
Task<size_t> Transfer::copyBody(MessageReader& reader, std::string& rest) {
  std::span<char> buffer = from_.loop().scratch();
  sourceFailed_ = true;
  std::optional<size_t> got = from_.tryRead(buffer);
  while (!got) {
    co_await from_.readable();
    got = from_.tryRead(buffer);
  }
  if (*got == 0) {
    if (reader.endOfStream()) co_return 0;
    throw StreamError("the connection ended in the middle of a message");
  }
  std::string_view bytes(buffer.data(), *got);
  size_t used = reader.feedBody(bytes);
  sourceFailed_ = false;
  rest.assign(bytes.substr(used));
  co_await put(bytes.substr(0, used));
  co_return *got;
}

// Looks at the beginning of what comes next without taking it out of the socket, learns from it
// how far the chunk reaches, and moves all of that.
Task<> Transfer::spliceChunk(MessageReader& reader) {
  char peeked[peekSize];
  ssize_t got;
  sourceFailed_ = true;
  for (;;) {
    got = ::recv(from_.fd(), peeked, sizeof peeked, MSG_PEEK);
    if (got > 0) break;
    if (got == 0) throw StreamError("the connection ended in the middle of a message");
    if (errno != EAGAIN && errno != EINTR) throw StreamError(std::strerror(errno));
    co_await moreToRead();
    sourceFailed_ = true;
  }
  uint64_t left = reader.feedBody(std::string_view(peeked, static_cast<size_t>(got)));
  sourceFailed_ = false;
  uint64_t unseen = reader.skippable();
  reader.skip(unseen);
  left += unseen;
  while (left > 0) {
    uint64_t moved = co_await splice(left);
    if (moved == 0) {
      sourceFailed_ = true;
      throw StreamError("the connection ended in the middle of a message");
    }
    left -= moved;
  }
}

Task<> Transfer::body(MessageReader& reader, std::string& rest) {
  bool rush = false;
  while (!reader.bodyDone()) {
    if (rush && reader.framing() == Framing::chunked) {
      co_await spliceChunk(reader);
      rush = reader.chunkSize() >= largeChunk;
    } else if (rush) {
      uint64_t moved = co_await splice(reader.skippable());
      reader.skip(moved);
      if (moved == 0 && !reader.endOfStream()) {
        sourceFailed_ = true;
        throw StreamError("the connection ended in the middle of a message");
      }
    } else {
      size_t got = co_await copyBody(reader, rest);
      bool large = reader.framing() != Framing::chunked || reader.chunkSize() >= largeChunk;
      rush = canSplice() && large && got >= from_.loop().scratch().size() / 2;
    }
  }
}

}  // namespace base
