#pragma once

// Moving bytes from one connection to another in bounded memory, with back pressure: nothing is
// read before what was read earlier is written. Where neither side is TLS and much is on its way,
// the kernel moves the bytes (splice(2) through a pipe) and they are never copied here: measured
// on unix sockets, half the processor time of read and write. In such a rush an empty source is
// given a moment before it is looked at again: waking each other for every write costs everybody
// more.

#include <cstdint>
#include <functional>

#include "base/fd.h"
#include "base/http.h"
#include "base/stream.h"

namespace base {

class Transfer {
 public:
  // Both streams must outlive it.
  Transfer(Stream& from, Stream& to) : from_(from), to_(to) {}

  // Moves everything until the end of `from`.
  Task<> untilEnd();

  // Moves the rest of the body that `reader` is in, byte for byte. Bytes read beyond its end are
  // left in `rest`. Throws StreamError or HttpError, also when `from` ends inside the body.
  Task<> body(MessageReader& reader, std::string& rest);

  // After an exception: whether reading failed, not writing.
  bool sourceFailed() const { return sourceFailed_; }

 private:
  bool canSplice() const { return !from_.isTls() && !to_.isTls(); }
  Task<> takeTurns(uint64_t moved);
  Task<> moreToRead();
  Task<uint64_t> splice(uint64_t limit);
  Task<> spliceChunk(MessageReader& reader);
  Task<> put(std::string_view bytes);
  Task<size_t> copyBody(MessageReader& reader, std::string& rest);

  Stream& from_;
  Stream& to_;
  Fd pipeIn_;
  Fd pipeOut_;
  uint64_t sinceTurn_ = 0;
  bool sourceFailed_ = false;
};

}  // namespace base
