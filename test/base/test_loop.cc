// Timers are compared by their order, not by the clock.

#include "base/loop.h"

#include <criterion/criterion.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include "test/stage.h"

using base::milliseconds;
using base::Timer;
using test::Stage;

Test(timer, calls_once_in_the_order_of_delays) {
  Stage stage;
  std::string order;
  Timer slow(stage.loop), quick(stage.loop);
  slow.start(milliseconds(2), [&] { order += "slow"; });
  quick.start(milliseconds(1), [&] { order += "quick "; });
  stage.until([&] { return order.ends_with("slow"); });
  cr_expect_eq(order, "quick slow");
}

Test(timer, does_not_call_once_it_is_stopped_restarted_or_gone) {
  Stage stage;
  int calls = 0;
  auto call = [&] { calls++; };
  Timer stopped(stage.loop), restarted(stage.loop), last(stage.loop);
  std::unique_ptr<Timer> gone = std::make_unique<Timer>(stage.loop);
  stopped.start(milliseconds(0), call);
  stopped.stop();
  restarted.start(milliseconds(0), call);
  restarted.start(milliseconds(3'600'000), call);
  gone->start(milliseconds(0), call);
  gone.reset();
  bool over = false;
  last.start(milliseconds(2), [&] { over = true; });
  stage.until([&] { return over; });
  cr_expect_eq(calls, 0);
}

Test(timer, may_be_restarted_and_destroyed_by_its_own_call) {
  Stage stage;
  int calls = 0;
  std::unique_ptr<Timer> timer = std::make_unique<Timer>(stage.loop);
  std::string captured(100, 'x');  // must live through the call that destroys the timer
  timer->start(milliseconds(0), [&, captured] {
    calls++;
    timer->start(milliseconds(0), [&, captured] {
      timer.reset();
      calls += static_cast<int>(captured.size());
    });
  });
  stage.until([&] { return !timer; });
  cr_expect_eq(calls, 101);
}

Test(sleep, ends_by_itself_and_can_be_cancelled) {
  Stage stage;
  stage.run(base::sleepFor(stage.loop, milliseconds(1)));
  bool ended = false;
  {
    base::Scope scope([](std::exception_ptr) {});
    scope.spawn(base::sleepFor(stage.loop, milliseconds(0)));
    cr_expect_not(scope.empty());
  }
  Timer timer(stage.loop);
  timer.start(milliseconds(1), [&] { ended = true; });
  stage.until([&] { return ended; });
}

namespace {

base::Task<> sleepOften(base::Loop& loop, const bool& enough, int& naps) {
  while (!enough && naps < 10'000) {
    naps++;
    co_await base::sleepFor(loop, milliseconds(0));
  }
}

base::Task<> readOne(base::Stream& stream, bool& done) {
  char byte[1];
  co_await stream.read(byte);
  done = true;
}

}  // namespace

Test(sleep, for_no_time_gives_the_others_their_turn) {
  Stage stage;
  auto [ours, theirs] = test::socketPair();
  std::unique_ptr<base::Stream> stream = stage.stream(std::move(ours));
  bool heard = false;
  int naps = 0;
  stage.start(readOne(*stream, heard));
  cr_assert_eq(::write(theirs.get(), "x", 1), 1);
  stage.start(sleepOften(stage.loop, heard, naps));
  stage.finish();
  cr_expect_lt(naps, 10);
}

Test(signals, call_back_with_their_number) {
  Stage stage;
  std::string heard;
  {
    base::Signals signals(stage.loop, {SIGUSR1, SIGHUP},
                          [&](int number) { heard += std::to_string(number) + " "; });
    ::kill(::getpid(), SIGHUP);
    stage.until([&] { return !heard.empty(); });
    cr_expect_eq(heard, std::to_string(SIGHUP) + " ");
    ::kill(::getpid(), SIGUSR1);
    stage.until([&] { return heard.size() > 3; });
    cr_expect_eq(heard, std::to_string(SIGHUP) + " " + std::to_string(SIGUSR1) + " ");
  }
}

Test(loop, stops_when_told_and_can_go_before_what_it_has_to_close_is_closed) {
  base::Loop loop;
  bool stopped = false;
  Timer stop(loop), never(loop);
  never.start(milliseconds(3'600'000), [] {});
  stop.start(milliseconds(0), [&] {
    stopped = true;
    loop.stop();
  });
  loop.run();
  cr_expect(stopped);
}

namespace {

base::Task<> noteShortly(base::Loop& loop, int& ended) {
  co_await loop.shortly();
  ended++;
  co_await loop.shortly();
  ended++;
}

}  // namespace

Test(shortly, ends_for_all_who_wait_and_before_any_timer) {
  Stage stage;
  int first = 0, second = 0;
  bool timer = false, earlier = false;
  Timer slow(stage.loop);
  slow.start(milliseconds(1000), [&] { timer = true; });
  base::Scope tasks([](std::exception_ptr) {});
  tasks.spawn(noteShortly(stage.loop, first));
  tasks.spawn(noteShortly(stage.loop, second));
  stage.until([&] {
    earlier = earlier || (first == 1 && second == 1);
    return first == 2 && second == 2;
  });
  cr_expect(earlier, "the second wait begins anew");
  cr_expect(not(timer));
}

Test(shortly, may_be_left_by_destroying_who_waits) {
  Stage stage;
  int left = 0, stayed = 0;
  base::Scope staying([](std::exception_ptr) {});
  {
    base::Scope leaving([](std::exception_ptr) {});
    leaving.spawn(noteShortly(stage.loop, left));
    staying.spawn(noteShortly(stage.loop, stayed));
  }
  stage.until([&] { return stayed == 2; });
  cr_expect_eq(left, 0);
}
