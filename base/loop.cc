#include "base/loop.h"

#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace base {
namespace {

constexpr long shortWhile = 100'000;  // nanoseconds
// How often the processor's time is read, which costs a system call.
constexpr uint64_t cpuReadEvery = 5'000'000;  // nanoseconds

nanoseconds threadTime() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + nanoseconds(time.tv_nsec);
}

template <class Handle>
void closeHandle(Handle* handle) {
  handle->data = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(handle),
           [](uv_handle_t* closed) { delete reinterpret_cast<Handle*>(closed); });
}

}  // namespace

void Loop::Close::operator()(uv_loop_s* loop) const {
  while (uv_loop_close(loop) == UV_EBUSY) uv_run(loop, UV_RUN_ONCE);
  delete loop;
}

Loop::Loop() : scratch_(new char[scratchSize]), loop_(new uv_loop_t) {
  uv_loop_init(loop_.get());
  uv_loop_set_data(loop_.get(), this);
  idle_ = new uv_idle_t;
  uv_idle_init(loop_.get(), idle_);
  idle_->data = this;
  prepare_ = new uv_prepare_t;
  uv_prepare_init(loop_.get(), prepare_);
  prepare_->data = this;
  uv_prepare_start(prepare_, [](uv_prepare_t* each) {
    Loop& loop = *static_cast<Loop*>(each->data);
    if (loop.beforeWaiting_) loop.beforeWaiting_();
    loop.endTurn();
  });
  uv_unref(reinterpret_cast<uv_handle_t*>(prepare_));
}

Loop::~Loop() {
  closeHandle(idle_);
  closeHandle(prepare_);
  if (shortPoll_) closeHandle(shortPoll_);
}

Loop& Loop::of(uv_loop_s* loop) {
  return *static_cast<Loop*>(uv_loop_get_data(loop));
}

void Loop::run() {
  uv_run(loop_.get(), UV_RUN_DEFAULT);
}

void Loop::stop() {
  uv_stop(loop_.get());
}

void Loop::runOnce() {
  uv_run(loop_.get(), UV_RUN_ONCE);
}

// An active idle handle keeps the loop from waiting, and runs once a turn.
Event::Wait Loop::nextTurn() {
  uv_idle_start(idle_, [](uv_idle_t* idle) {
    Loop& loop = *static_cast<Loop*>(idle->data);
    loop.inTurn();
    uv_idle_stop(idle);
    loop.turn_.fire();
  });
  return turn_.wait();
}

// libuv's timers count milliseconds, so this one is the kernel's.
Event::Wait Loop::shortly() {
  if (!shortPoll_) {
    shortTimer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!shortTimer_) throw std::system_error(errno, std::generic_category(), "timerfd");
    shortPoll_ = new uv_poll_t;
    uv_poll_init(loop_.get(), shortPoll_, shortTimer_.get());
    shortPoll_->data = this;
    uv_poll_start(shortPoll_, UV_READABLE, [](uv_poll_t* poll, int, int) {
      Loop& loop = *static_cast<Loop*>(poll->data);
      loop.inTurn();
      uint64_t expirations;
      if (::read(loop.shortTimer_.get(), &expirations, sizeof expirations) < 0) return;
      loop.shortlySet_ = false;
      loop.shortly_.fire();
    });
    uv_unref(reinterpret_cast<uv_handle_t*>(shortPoll_));
  }
  if (!shortlySet_) {
    itimerspec once{{0, 0}, {0, shortWhile}};
    ::timerfd_settime(shortTimer_.get(), 0, &once, nullptr);
    shortlySet_ = true;
  }
  return shortly_.wait();
}

void Loop::beforeWaiting(std::function<void()> callback) {
  beforeWaiting_ = std::move(callback);
}

void Loop::onLongTurn(nanoseconds limit, std::function<void(const Turn&)> callback) {
  longTurn_ = limit;
  onLongTurn_ = std::move(callback);
}

// libuv has callbacks before it waits and after all others, but none between its waiting and the
// first of the others. So each of ours tells.
void Loop::beginTurn() {
  turnBegan_ = readClock();
}

void Loop::endTurn() {
  if (turnBegan_ == 0) return;
  uint64_t now = readClock();
  Turn turn{.wall = nanoseconds(now - std::exchange(turnBegan_, 0))};
  if (now - cpuReadAt_ >= cpuReadEvery) {
    nanoseconds cpu = threadTime();
    turn.cpu = std::min(turn.wall, cpu - cpuBefore_);
    cpuBefore_ = cpu;
    cpuReadAt_ = now;
  }
  turnTimes_.add(turn);
  if (turn.wall >= longTurn_) onLongTurn_(turn);
}

Time Loop::now() const {
  return Time(milliseconds(uv_now(loop_.get())));
}

uint64_t Loop::readClock() {
  return clock_ = uv_hrtime();
}

Timer::Timer(Loop& loop) : timer_(new uv_timer_t) {
  uv_timer_init(loop.uv(), timer_);
  timer_->data = this;
}

Timer::~Timer() {
  closeHandle(timer_);
}

void Timer::start(milliseconds delay, std::function<void()> callback) {
  callback_ = std::move(callback);
  uv_update_time(timer_->loop);  // whoever worked long before has not used up the delay
  uv_timer_start(
      timer_,
      [](uv_timer_t* fired) {
        Loop::of(fired->loop).inTurn();
        // The callback may destroy or restart the timer, so it is moved out first.
        std::function<void()> callback = std::move(static_cast<Timer*>(fired->data)->callback_);
        callback();
      },
      static_cast<uint64_t>(delay.count()), 0);
}

void Timer::stop() {
  uv_timer_stop(timer_);
}

Task<> sleepFor(Loop& loop, milliseconds delay) {
  if (delay == milliseconds(0)) {
    co_await loop.nextTurn();
    co_return;
  }
  Event over;
  Timer timer(loop);
  timer.start(delay, [&over] { over.fire(); });
  co_await over.wait();
}

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> callback)
    : callback_(std::move(callback)) {
  for (int number : numbers) {
    uv_signal_t* signal = new uv_signal_t;
    uv_signal_init(loop.uv(), signal);
    signal->data = this;
    uv_signal_start(
        signal,
        [](uv_signal_t* arrived, int which) {
          Loop::of(arrived->loop).inTurn();
          static_cast<Signals*>(arrived->data)->callback_(which);
        },
        number);
    signals_.push_back(signal);
  }
}

Signals::~Signals() {
  for (uv_signal_t* signal : signals_) closeHandle(signal);
}

}  // namespace base
