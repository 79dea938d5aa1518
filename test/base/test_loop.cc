// Timers are compared by their order, not by the clock.

#include "base/loop.h"

#include "base/offload.h"

#include <criterion/criterion.h>
#include <unistd.h>
#include <uv.h>

#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/stage.h"

using base::Loop;
using base::milliseconds;
using base::Timer;
using test::Stage;

namespace {

base::Task<> workElsewhere(Loop& loop, std::thread::id ours, bool& other, int& made) {
  auto work = [ours] { return std::pair(std::this_thread::get_id() != ours, 7); };
  std::pair<bool, int> result = co_await base::offload(loop, work);
  other = result.first;
  made = result.second;
}

base::Task<> workInVain(Loop& loop, std::string& told) {
  auto work = []() -> int { throw std::runtime_error("broken"); };
  try {
    co_await base::offload(loop, work);
  } catch (const std::runtime_error& failed) {
    told = failed.what();
  }
}

}  // namespace

Test(timer, calls_once_in_the_order_of_delays) {
  Stage stage;
  std::string order;
  Timer slow(stage.loop), quick(stage.loop);
  slow.start(milliseconds(2), [&] { order += "slow"; });
  quick.start(milliseconds(1), [&] { order += "quick "; });
  stage.until([&] { return order.ends_with("slow"); });
  cr_expect_eq(order, "quick slow");
}

Test(turns, are_counted_by_their_length_and_long_ones_told) {
  Stage stage;
  std::vector<base::Turn> told;
  stage.loop.onLongTurn(milliseconds(30), [&](const base::Turn& turn) { told.push_back(turn); });
  Timer quick(stage.loop), slow(stage.loop);
  bool over = false;
  quick.start(milliseconds(0), [] {});
  slow.start(milliseconds(1), [&] {
    uint64_t until = uv_hrtime() + 40'000'000;
    while (uv_hrtime() < until) continue;
    over = true;
  });
  stage.until([&] { return over; });
  stage.loop.runOnce();
  base::TurnTimes turns = stage.loop.takeTurnTimes();
  cr_expect_eq(told.size(), 1u);
  cr_expect(turns.longest().wall >= milliseconds(40));
  cr_expect(turns.longest().cpu <= turns.longest().wall);
  cr_expect(turns.sum() >= turns.longest().wall);
  cr_expect(stage.loop.takeTurnTimes().longest().wall < milliseconds(40), "each is taken once");
}

Test(turns, have_no_time_while_the_loop_waits) {
  Stage stage;
  Timer timer(stage.loop);
  bool over = false;
  timer.start(milliseconds(60), [&] { over = true; });
  stage.until([&] { return over; });
  stage.loop.runOnce();
  cr_expect(stage.loop.takeTurnTimes().longest().cpu < milliseconds(50));
}

Test(offload, gives_what_the_work_made_while_the_loop_goes_on) {
  Stage stage;
  std::thread::id here = std::this_thread::get_id();
  bool elsewhere = false;
  int result = 0;
  stage.start(workElsewhere(stage.loop, here, elsewhere, result));
  stage.until([&] { return result != 0; });
  cr_expect_eq(result, 7);
  cr_expect(elsewhere);
}

Test(offload, hands_on_what_the_work_throws_and_may_be_left_alone) {
  Stage stage;
  std::string why;
  {
    base::Scope left([](std::exception_ptr) {});
    std::string nobody;
    left.spawn(workInVain(stage.loop, nobody));
  }
  stage.start(workInVain(stage.loop, why));
  stage.until([&] { return !why.empty(); });
  cr_expect_eq(why, "broken");
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
