#pragma once

// Waiting for a file descriptor: who waits to read, who waits to write, who wants to hear that the
// other side is gone. Stays armed for reading between reads (arming costs two system calls) and
// disarms when something arrives that nobody waits for.

#include <coroutine>
#include <functional>

#include "base/loop.h"

struct uv_poll_s;

namespace base {

class Poll {
 public:
  // `fd` is a loan; it must stay open until the Poll is destroyed.
  Poll(Loop& loop, int fd);
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;
  ~Poll();

  class Wait {
   public:
    Wait(Poll& poll, Wait*& slot, bool ready) : poll_(poll), slot_(slot), ready_(ready) {}
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    ~Wait() {
      if (slot_ == this) slot_ = nullptr;
    }
    bool await_ready() const noexcept { return ready_; }
    void await_suspend(std::coroutine_handle<> waiter) {
      waiter_ = waiter;
      slot_ = this;
      poll_.arm();
    }
    void await_resume() const noexcept {}

   private:
    friend class Poll;
    Poll& poll_;
    Wait*& slot_;
    bool ready_;
    std::coroutine_handle<> waiter_;
  };

  // Resumes when a read (a write) makes sense: data, room, the end or an error. One waiter each.
  // `ready`: do not wait at all.
  [[nodiscard]] Wait readable(bool ready = false) { return Wait(*this, reader_, ready); }
  [[nodiscard]] Wait writable(bool ready = false) { return Wait(*this, writer_, ready); }

  // While somebody is set and nobody waits to read: called when something arrives that was not
  // waited for (data, end of data, hang-up). Reading is disarmed before the call; a hang-up is
  // still reported afterwards. nullptr ends it.
  void onUnexpected(std::function<void()> callback);

 private:
  void arm();
  void watch(int events);
  void fired(int status, int events);
  static void resume(Wait*& slot);

  uv_poll_s* poll_;  // owned by libuv until its close callback has run
  int armed_ = 0;
  Wait* reader_ = nullptr;
  Wait* writer_ = nullptr;
  std::function<void()> unexpected_;
};

}  // namespace base
