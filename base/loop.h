#pragma once

// The event loop (libuv) that everything runs on, its timers and its signals. One thread; nothing
// here may be called from another one.

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/task.h"
#include "base/time.h"
#include "base/turn_times.h"

struct uv_loop_s;
struct uv_idle_s;
struct uv_poll_s;
struct uv_prepare_s;
struct uv_timer_s;
struct uv_signal_s;

namespace base {

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  // Everything that uses the loop must be gone; closes what libuv still has to close.
  ~Loop();

  // Runs until stop().
  void run();
  void stop();
  // Runs what is ready at this moment, at least one turn, and returns. For tests.
  void runOnce();

  // Ends in the next turn of the loop; in between, whatever is ready elsewhere gets its chance.
  // (A timer of zero would not do: libuv runs one that a timer's callback starts in the same turn.)
  [[nodiscard]] Event::Wait nextTurn();

  // Ends a tenth of a millisecond after the first of those who wait now began to, which is earlier
  // than a Timer can: for work that gets cheaper when a little more of it comes together.
  [[nodiscard]] Event::Wait shortly();

  // Called each time the loop is about to wait. Once only.
  void beforeWaiting(std::function<void()> callback);

  // Called when a turn was over that took at least `limit`. Once only.
  void onLongTurn(nanoseconds limit, std::function<void(const Turn&)> callback);
  // The times of the turns since the last call.
  TurnTimes takeTurnTimes() { return std::exchange(turnTimes_, {}); }
  // Of every callback of libuv's the first line: the turn began no later.
  void inTurn() {
    if (turnBegan_ == 0) beginTurn();
  }
  // What was begun last, which a long turn may have been about. The text must outlive the loop.
  void doing(std::string_view what) { doing_ = what; }
  std::string_view doing() const { return doing_; }

  // Read once a turn.
  Time now() const;
  // Nanoseconds of the same clock, read anew; and as they were read last in this turn, which is no
  // earlier than its beginning: to read the clock costs more than most of what it measures.
  uint64_t readClock();
  uint64_t clockRead() { return turnBegan_ ? clock_ : readClock(); }

  // A buffer anyone may use until his next co_await.
  std::span<char> scratch() { return {scratch_.get(), scratchSize}; }

  uv_loop_s* uv() { return loop_.get(); }
  // Whose libuv's loop this is.
  static Loop& of(uv_loop_s* loop);

  static constexpr size_t scratchSize = 128 * 1024;

 private:
  struct Close {
    void operator()(uv_loop_s* loop) const;
  };
  void beginTurn();
  void endTurn();

  std::unique_ptr<char[]> scratch_;
  std::function<void()> beforeWaiting_;
  Event turn_;
  Event shortly_;
  bool shortlySet_ = false;
  TurnTimes turnTimes_;
  uint64_t clock_ = 0;        // nanoseconds of the monotonic clock, as read last
  uint64_t turnBegan_ = 0;    // by the same; 0: no turn goes on
  uint64_t cpuReadAt_ = 0;    // by the same
  nanoseconds cpuBefore_{0};  // of this thread, as read then
  nanoseconds longTurn_ = nanoseconds::max();
  std::function<void(const Turn&)> onLongTurn_;
  std::string_view doing_;
  Fd shortTimer_;
  uv_idle_s* idle_;                 // these three are
  uv_prepare_s* prepare_;           // owned by libuv until
  uv_poll_s* shortPoll_ = nullptr;  // their close callback has run
  std::unique_ptr<uv_loop_s, Close> loop_;
};

// Calls back once, later, unless it is stopped, started anew or destroyed before.
class Timer {
 public:
  explicit Timer(Loop& loop);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  void start(milliseconds delay, std::function<void()> callback);
  void stop();

 private:
  uv_timer_s* timer_;  // owned by libuv until its close callback has run
  std::function<void()> callback_;
};

// Ends after `delay`.
Task<> sleepFor(Loop& loop, milliseconds delay);

// Calls back with the number of each signal that arrives, from the loop.
class Signals {
 public:
  Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> callback);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals();

 private:
  std::function<void(int)> callback_;
  std::vector<uv_signal_s*> signals_;  // owned by libuv until their close callbacks have run
};

}  // namespace base
