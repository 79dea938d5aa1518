#include "base/poll.h"

#include <uv.h>

#include <stdexcept>
#include <string>

namespace base {

Poll::Poll(Loop& loop, int fd) : poll_(new uv_poll_t) {
  int failed = uv_poll_init(loop.uv(), poll_, fd);
  if (failed) {
    delete poll_;
    throw std::runtime_error(std::string("cannot watch a descriptor: ") + uv_strerror(failed));
  }
  poll_->data = this;
}

Poll::~Poll() {
  poll_->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* closed) { delete reinterpret_cast<uv_poll_t*>(closed); });
}

void Poll::arm() {
  int wanted = armed_;
  if (reader_) wanted = (wanted & ~UV_PRIORITIZED) | UV_READABLE;
  if (writer_) wanted |= UV_WRITABLE;
  if (wanted == armed_) return;
  watch(wanted);
}

void Poll::watch(int events) {
  armed_ = events;
  if (!armed_) {
    uv_poll_stop(poll_);
    return;
  }
  uv_poll_start(poll_, armed_, [](uv_poll_t* poll, int status, int happened) {
    Loop::of(poll->loop).inTurn();
    if (poll->data) static_cast<Poll*>(poll->data)->fired(status, happened);
  });
}

void Poll::resume(Wait*& slot) {
  if (Wait* wait = std::exchange(slot, nullptr)) wait->waiter_.resume();
}

// Level-triggered: what fires and is not wanted must be disarmed, or the loop would spin. The one
// event that stays is UV_PRIORITIZED, which sockets of ours never have and under which the kernel
// still tells of a hang-up.
void Poll::fired(int status, int events) {
  if (status < 0) {  // an error on the socket; libuv has stopped watching
    armed_ = 0;
    events = UV_READABLE | UV_WRITABLE;
  }
  bool reading = reader_ != nullptr;
  bool writing = writer_ != nullptr;
  if (((events & UV_WRITABLE) && !writing) || ((events & UV_READABLE) && !reading) ||
      (events & UV_PRIORITIZED)) {
    bool hangupOnly = (events & UV_READABLE) && !reading && unexpected_;
    int wanted = (reading ? UV_READABLE : 0) | (writing ? UV_WRITABLE : 0);
    if (!wanted && hangupOnly && status >= 0) wanted = UV_PRIORITIZED;
    watch(wanted);
  }
  // Each resumption may destroy this object; after the first, only what libuv still holds is asked.
  uv_poll_t* alive = poll_;
  if (!reading && (events & (UV_READABLE | UV_PRIORITIZED)) && unexpected_) {
    std::function<void()> callback = unexpected_;
    callback();
    if (!alive->data) return;
  }
  if (writing && (events & UV_WRITABLE)) {
    resume(writer_);
    if (!alive->data) return;
  }
  if (reading && (events & UV_READABLE)) resume(reader_);
}

void Poll::onUnexpected(std::function<void()> callback) {
  unexpected_ = std::move(callback);
  if (unexpected_ && !(armed_ & UV_READABLE)) {
    watch((armed_ & ~UV_PRIORITIZED) | UV_READABLE);
  }
}

}  // namespace base
