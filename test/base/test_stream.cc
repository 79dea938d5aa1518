#include "base/stream.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/acceptor.h"
#include "test/stage.h"

using base::Fd;
using base::Stream;
using base::StreamError;
using base::Task;
using namespace test;

namespace {

struct Pair {
  explicit Pair(Stage& stage) {
    auto [a, b] = socketPair();
    ours = stage.stream(std::move(a));
    theirs = stage.stream(std::move(b));
  }
  std::unique_ptr<Stream> ours;
  std::unique_ptr<Stream> theirs;
};

Task<std::string> readAll(Stream& stream) {
  std::string all;
  char buffer[1000];
  for (;;) {
    size_t got = co_await stream.read(buffer);
    if (got == 0) co_return all;
    all.append(buffer, got);
  }
}

Task<> writeAndEnd(Stream& stream, std::string bytes) {
  co_await stream.write(bytes);
  stream.shutdownWrite();
}

// Ends when a read ends, however that is.
Task<> readOnce(Stream& stream, std::string& outcome) {
  char buffer[100];
  try {
    size_t got = co_await stream.read(buffer);
    outcome = std::string(buffer, got);
  } catch (const StreamError& fault) {
    outcome = fault.what();
  }
}

Task<> readAndDrop(std::unique_ptr<Stream>& stream) {
  char buffer[10];
  co_await stream->read(buffer);
  stream.reset();
}

Task<> writeMuch(Stream& stream, std::string& outcome) {
  try {
    co_await stream.write(std::string(10'000'000, 'x'));
  } catch (const StreamError& fault) {
    outcome = fault.what();
  }
}

// Lets everything happen that is about to, and says how many turns the loop took for it.
int turnsUntilQuiet(Stage& stage) {
  base::Timer timer(stage.loop);
  bool over = false;
  timer.start(milliseconds(20), [&] { over = true; });
  int turns = 0;
  while (!over) {
    stage.loop.runOnce();
    turns++;
  }
  return turns;
}

}  // namespace

Test(stream, carries_bytes_both_ways_at_once_and_ends_each_half_by_itself) {
  Stage stage;
  Pair pair(stage);
  const std::string up = pattern(3'000'000, 1), down = pattern(2'000'000, 2);
  std::string upRead;
  stage.start(writeAndEnd(*pair.ours, up));
  stage.start(writeAndEnd(*pair.theirs, down));
  std::string downRead = stage.run(readAll(*pair.ours));
  upRead = stage.run(readAll(*pair.theirs));
  cr_expect(upRead == up);
  cr_expect(downRead == down);
  cr_expect_eq(pair.ours->bytesRead(), down.size());
  cr_expect_eq(pair.ours->bytesWritten(), up.size());
}

Test(stream, tells_apart_bytes_the_end_and_having_to_wait) {
  Stage stage;
  Pair pair(stage);
  char buffer[10];
  cr_expect_not(pair.ours->tryRead(buffer).has_value());
  cr_expect_eq(pair.theirs->tryWrite("abc"), 3);
  cr_expect_eq(pair.ours->tryRead(buffer).value_or(99), 3);
  pair.theirs->shutdownWrite();
  cr_expect_eq(pair.ours->tryRead(buffer).value_or(99), 0);
  cr_expect_eq(pair.ours->tryWrite("still open"), 10);
  cr_expect_not(pair.ours->peerGone());
  pair.theirs.reset();
  cr_expect(pair.ours->peerGone());
  cr_expect_throw(pair.ours->tryWrite("x"), StreamError);
}

Test(stream, cancelling_ends_waits_in_the_next_turn_and_later_calls_at_once) {
  Stage stage;
  Pair pair(stage);
  std::string read, written;
  stage.start(readOnce(*pair.ours, read));
  stage.start(writeMuch(*pair.ours, written));
  pair.ours->cancel("told to");
  pair.ours->cancel("told twice");
  cr_expect_eq(read + written, "");
  stage.finish();
  cr_expect_eq(read, "told to");
  cr_expect_eq(written, "told to");
  read.clear();
  stage.start(readOnce(*pair.ours, read));
  cr_expect_eq(read, "told to");
  pair.ours->shutdownWrite();
  std::string rest = stage.run(readAll(*pair.theirs));
  cr_expect_gt(rest.size(), 0);
}

Test(stream, waits_may_be_cancelled_and_begun_again) {
  Stage stage;
  Pair pair(stage);
  std::string first, second;
  {
    base::Scope scope([](std::exception_ptr) {});
    scope.spawn(readOnce(*pair.ours, first));
    turnsUntilQuiet(stage);
  }
  pair.theirs->tryWrite("hello");
  turnsUntilQuiet(stage);
  stage.start(readOnce(*pair.ours, second));
  stage.finish();
  cr_expect_eq(first, "");
  cr_expect_eq(second, "hello");
}

Test(stream, may_be_destroyed_by_what_its_event_resumes) {
  Stage stage;
  Pair pair(stage);
  stage.start(readAndDrop(pair.ours));
  pair.theirs->tryWrite("x");
  stage.finish();
  cr_expect_null(pair.ours.get());
}

namespace {

// What a Watch tells, as text.
struct Watched {
  explicit Watched(Stream& stream)
      : watch(
            std::in_place, stream, [this] { told += "end "; }, [this] { told += "gone "; }) {}
  std::string told;
  std::optional<Stream::Watch> watch;
};

}  // namespace

namespace {

struct Taken {
  milliseconds nothing{0}, unread{0}, read{0};
};

Task<> writes(base::Loop& loop, Stream& here, Stream& there, Taken& taken) {
  base::Time start = loop.now();
  co_await here.untilTaken(milliseconds(1'000));
  taken.nothing = loop.now() - start;
  co_await here.write("head");
  start = loop.now();
  co_await here.untilTaken(milliseconds(30));
  taken.unread = loop.now() - start;
  co_await there.read(loop.scratch());
  start = loop.now();
  co_await here.untilTaken(milliseconds(1'000));
  taken.read = loop.now() - start;
}

}  // namespace

Test(stream, waits_until_the_peer_has_read_but_not_for_ever) {
  Stage stage;
  auto [near, far] = socketPair();
  std::unique_ptr<Stream> here = stage.stream(std::move(near)),
                          there = stage.stream(std::move(far));
  Taken taken;
  stage.start(writes(stage.loop, *here, *there, taken));
  stage.finish();
  cr_expect_lt(taken.nothing.count(), 100);
  cr_expect_geq(taken.unread.count(), 25);
  cr_expect_lt(taken.read.count(), 100);
}

Test(watch, tells_of_a_half_that_ended_and_of_a_peer_that_went_away) {
  Stage stage;
  Pair pair(stage);
  Watched watched(*pair.ours);
  cr_expect_leq(turnsUntilQuiet(stage), 3);
  cr_expect_eq(watched.told, "");
  pair.theirs->shutdownWrite();
  cr_expect_leq(turnsUntilQuiet(stage), 4);
  cr_expect_eq(watched.told, "end ");
  pair.theirs.reset();
  cr_expect_leq(turnsUntilQuiet(stage), 4);
  cr_expect_eq(watched.told.substr(0, 9), "end gone ");
}

Test(watch, tells_of_a_peer_that_goes_away_at_once) {
  Stage stage;
  Pair pair(stage);
  Watched watched(*pair.ours);
  pair.theirs.reset();
  turnsUntilQuiet(stage);
  cr_expect(watched.told.starts_with("gone "), "%s", watched.told.c_str());
}

Test(watch, leaves_bytes_where_they_are_and_does_not_spin_over_them) {
  Stage stage;
  Pair pair(stage);
  std::string heard;
  {
    Watched watched(*pair.ours);
    pair.theirs->tryWrite("early");
    cr_expect_leq(turnsUntilQuiet(stage), 5);
    cr_expect_eq(watched.told, "");
  }
  stage.start(readOnce(*pair.ours, heard));
  stage.finish();
  cr_expect_eq(heard, "early");
}

Test(watch, hears_of_a_peer_that_is_gone_even_behind_bytes) {
  Stage stage;
  Pair pair(stage);
  Watched watched(*pair.ours);
  pair.theirs->tryWrite("early");
  turnsUntilQuiet(stage);
  pair.theirs.reset();
  turnsUntilQuiet(stage);
  cr_expect(watched.told.starts_with("gone "), "%s", watched.told.c_str());
}

Test(watch, tells_nothing_more_once_it_is_destroyed) {
  Stage stage;
  Pair pair(stage);
  Watched watched(*pair.ours);
  watched.watch.reset();
  pair.theirs.reset();
  turnsUntilQuiet(stage);
  cr_expect_eq(watched.told, "");
}

Test(watch, and_its_stream_may_be_destroyed_by_what_it_calls) {
  Stage stage;
  for (bool half : {true, false}) {
    Pair pair(stage);
    int calls = 0;
    std::optional<Stream::Watch> watch;
    auto drop = [&] {
      calls++;
      watch.reset();
      pair.ours.reset();
    };
    watch.emplace(*pair.ours, drop, drop);
    if (half) {
      pair.theirs->shutdownWrite();
    } else {
      pair.theirs.reset();
    }
    turnsUntilQuiet(stage);
    cr_expect_eq(calls, 1);
  }
}

Test(stream, that_should_be_silent_tells_of_anything_and_may_go_then) {
  for (int way = 0; way < 3; way++) {
    Stage stage;
    Pair pair(stage);
    int calls = 0;
    pair.ours->onDisturbed([&] {
      calls++;
      pair.ours.reset();
    });
    turnsUntilQuiet(stage);
    cr_expect_eq(calls, 0);
    if (way == 0) pair.theirs->tryWrite("x");
    if (way == 1) pair.theirs->shutdownWrite();
    if (way == 2) pair.theirs.reset();
    turnsUntilQuiet(stage);
    cr_expect_eq(calls, 1);
  }
}

Test(stream, a_connection_that_cannot_be_made_says_why) {
  Stage stage;
  TempDir directory;
  const milliseconds soon(1);
  auto why = [&](const std::string& path) {
    return stage.faultOf(Stream::connectUnix(stage.loop, path, soon));
  };
  cr_expect_eq(why(directory / "none"), "No such file or directory");
  cr_expect_eq(why(directory / std::string(108, 'x')), "socket path is too long");
  { Fd listener = base::listenUnix(directory / "left", {}); }
  cr_expect_eq(why(directory / "left"), "Connection refused");
}

Test(stream, connecting_waits_while_the_backlog_is_full) {
  Stage stage;
  TempDir directory;
  std::string path = directory / "busy";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  cr_assert_eq(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  cr_assert_eq(::listen(listener.get(), 0), 0);
  std::unique_ptr<Stream> first = stage.run(Stream::connectUnix(stage.loop, path, milliseconds(1)));

  std::string late = stage.faultOf(Stream::connectUnix(stage.loop, path, milliseconds(1)));
  cr_expect_eq(late, "Resource temporarily unavailable");

  base::Timer accept(stage.loop);
  accept.start(milliseconds(1), [&] { Fd(::accept(listener.get(), nullptr, nullptr)); });
  std::unique_ptr<Stream> second =
      stage.run(Stream::connectUnix(stage.loop, path, milliseconds(5'000)));
  cr_expect_not_null(second.get());
}

namespace {

// A listening TCP socket on loopback.
struct Listener {
  explicit Listener(int backlog = 8) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    sockaddr* generic = reinterpret_cast<sockaddr*>(&address);
    bool good = ::bind(fd.get(), generic, size) == 0 && ::listen(fd.get(), backlog) == 0 &&
                ::getsockname(fd.get(), generic, &size) == 0;
    if (!good) throw std::runtime_error("no listener");
    port = ntohs(address.sin_port);
  }
  Fd fd;
  uint16_t port = 0;
};

}  // namespace

Test(stream, connects_to_a_host_by_number_and_by_name) {
  for (const char* host : {"127.0.0.1", "localhost"}) {
    Stage stage;
    Listener listener;
    std::unique_ptr<Stream> ours =
        stage.run(Stream::connectTcp(stage.loop, host, listener.port, patience));
    Fd accepted(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    cr_assert(accepted, "%s", host);
    std::unique_ptr<Stream> theirs = stage.stream(std::move(accepted));
    stage.run(writeAndEnd(*ours, "hello"));
    cr_expect_eq(stage.run(readAll(*theirs)), "hello");
    stage.run(writeAndEnd(*theirs, "good-bye"));
    cr_expect_eq(stage.run(readAll(*ours)), "good-bye");
  }
}

Test(stream, a_host_that_cannot_be_connected_to_is_told_with_the_reason) {
  Stage stage;
  uint16_t closed = Listener().port;
  auto fault = [&](const std::string& host, uint16_t port, milliseconds timeout) {
    return stage.faultOf(Stream::connectTcp(stage.loop, host, port, timeout));
  };
  cr_expect_eq(fault("127.0.0.1", closed, patience), "Connection refused");
  cr_expect_eq(fault("localhost", closed, patience), "Connection refused");
  std::string noName(70, 'a');
  std::string why = fault(noName, closed, patience);
  cr_expect(why.starts_with(noName + ": "), "%s", why.c_str());
  cr_expect_eq(fault("localhost", closed, milliseconds(0)),
               "localhost: the name was not found in time");
}

Test(stream, a_host_that_does_not_answer_ends_the_wait) {
  Stage stage;
  Listener full(0);
  std::vector<std::unique_ptr<Stream>> waiting;
  std::string why;
  for (int i = 0; i < 10 && why.empty(); i++) {
    try {
      waiting.push_back(
          stage.run(Stream::connectTcp(stage.loop, "127.0.0.1", full.port, milliseconds(50))));
    } catch (const StreamError& fault) {
      why = fault.what();
    }
  }
  cr_expect_eq(why, "no answer in time");
}

namespace {

Task<> keep(Task<std::unique_ptr<Stream>> connecting, std::unique_ptr<Stream>& into) {
  into = co_await connecting;
}

}  // namespace

Test(stream, connecting_may_be_cancelled_at_any_time) {
  Listener full(0);
  for (const char* host : {"127.0.0.1", "localhost"}) {
    for (int turns = 0; turns < 4; turns++) {
      Stage stage;
      base::Scope scope([](std::exception_ptr) {});
      std::vector<std::unique_ptr<Stream>> made(4);
      for (auto& each : made) {
        scope.spawn(keep(Stream::connectTcp(stage.loop, host, full.port, patience), each));
      }
      stage.turns(turns);
    }
  }
}
