// Bytes from one connection to another: what arrives is what was sent, whichever way it went, and
// an end where there should be none is told apart by its side.

#include "base/transfer.h"

#include <criterion/criterion.h>

#include <random>
#include <string>

#include "test/stage.h"

using base::MessageReader;
using base::Stream;
using base::StreamError;
using base::Task;
using base::Transfer;
using namespace test;

namespace {

// A source, the transfer's two streams, and a target.
struct Way {
  explicit Way(Stage& onStage) : stage(onStage) {
    auto [a, b] = socketPair();
    auto [c, d] = socketPair();
    source = std::move(a);
    from = stage.stream(std::move(b));
    to = stage.stream(std::move(c));
    target = std::move(d);
  }
  void plays(Script sourceScript, Script targetScript) {
    stage.play("source", std::move(source), std::move(sourceScript));
    stage.play("target", std::move(target), std::move(targetScript));
  }

  Stage& stage;
  base::Fd source, target;
  std::unique_ptr<Stream> from, to;
};

Task<> moveAll(Way& way) {
  Transfer transfer(*way.from, *way.to);
  co_await transfer.untilEnd();
  way.to->shutdownWrite();
}

// How moving a body ended.
struct Outcome {
  std::string fault;
  bool sourceFailed = false;
};

// Moves the body of the answer with this head, then gives back what came behind it.
Task<Outcome> moveBody(Way& way, std::string head, std::string& behind) {
  MessageReader reader(MessageReader::Kind::response, {});
  reader.feedHead("HTTP/1.1 200 OK\r\n" + head + "\r\n");
  Transfer transfer(*way.from, *way.to);
  Outcome outcome;
  try {
    co_await transfer.body(reader, behind);
  } catch (const StreamError& fault) {
    outcome = {fault.what(), transfer.sourceFailed()};
  }
  if (outcome.fault.empty()) way.to->shutdownWrite();
  co_return outcome;
}

Task<> keep(Task<Outcome> task, Outcome& outcome) {
  outcome = co_await task;
}

Script inPieces(const std::string& bytes, size_t most, unsigned seed) {
  std::minstd_rand random(seed);
  Script script;
  for (size_t at = 0; at < bytes.size();) {
    size_t size = 1 + random() % most;
    script.push_back(says(bytes.substr(at, size)));
    if (random() % 8 == 0) script.push_back(pauses());
    at += size;
  }
  return script;
}

std::string chunk(size_t size, uint32_t seed) {
  char head[20];
  std::snprintf(head, sizeof head, "%zx\r\n", size);
  return head + pattern(size, seed) + "\r\n";
}

const std::string chunked = "Transfer-Encoding: chunked\r\n";

std::string lengthOf(const std::string& body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n";
}

}  // namespace

Test(transfer, moves_all_until_the_end) {
  for (size_t size : {0, 1, 1000, 70'000, 200'000, 5'000'000}) {
    Stage stage;
    Way way(stage);
    const std::string bytes = pattern(size);
    way.plays({says(bytes)}, {hears(bytes), hearsEnd()});
    stage.start(moveAll(way));
    stage.finish();
    cr_expect_eq(way.from->bytesRead(), size);
    cr_expect_eq(way.to->bytesWritten(), size);
  }
}

Test(transfer, moves_bodies_of_every_framing_and_size) {
  std::string large, mixed, small;
  for (uint32_t i = 0; i < 60; i++) large += chunk(32 * 1024, i);
  for (uint32_t i = 0; i < 400; i++) {
    bool big = i % 40 < 8;  // a rush of large chunks, then many small ones
    mixed += chunk(big ? 32 * 1024 : 1 + i * 7, i);
  }
  for (uint32_t i = 0; i < 3000; i++) small += chunk(1 + i % 300, i);
  const std::string huge = pattern(3'000'000);
  const std::string last = "0\r\n\r\n", trailers = "0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n";
  const struct {
    const char* about;
    std::string head;
    std::string body;
    bool ended = false;  // by the end of the connection
  } bodies[] = {
      {"a length", lengthOf(huge), huge},
      {"a small length", lengthOf("abc"), "abc"},
      {"until the end", "", huge, true},
      {"nothing until the end", "", "", true},
      {"large chunks", chunked, large + last},
      {"mixed chunks", chunked, mixed + last},
      {"small chunks", chunked, small + trailers},
      {"one huge chunk", chunked, chunk(3'000'000, 1) + trailers},
      {"large, then small ones", chunked, large + small + last},
  };
  for (const auto& each : bodies) {
    for (size_t most : {size_t{10'000'000}, size_t{300'000}, size_t{20'000}}) {
      const std::string next = each.ended ? "" : "HTTP/1.1 200 OK";
      Stage stage;
      Way way(stage);
      Cue over;
      Script source = inPieces(each.body + next, most, static_cast<unsigned>(most));
      if (!each.ended) source.push_back(awaits(over));
      way.plays(std::move(source), {hears(each.body), hearsEnd()});
      try {
        std::string behind;
        Outcome outcome = stage.run(moveBody(way, each.head, behind));
        cr_expect_eq(outcome.fault, "", "%s: %s", each.about, outcome.fault.c_str());
        while (behind.size() < next.size()) {
          char more[100];
          size_t got = stage.run(way.from->read(more));
          behind.append(more, got);
        }
        cr_expect_eq(behind, next, "%s", each.about);
        over.give();
        stage.finish();
      } catch (const std::exception& fault) {
        cr_expect(false, "%s, up to %zu at a time: %s", each.about, most, fault.what());
        stage.cancel();
      }
    }
  }
}

Test(transfer, waits_for_a_slow_reader_and_keeps_little_meanwhile) {
  std::string chunks;
  for (uint32_t i = 0; i < 300; i++) chunks += chunk(32 * 1024, i);
  chunks += "0\r\n\r\n";
  for (bool isChunked : {true, false}) {
    Stage stage;
    Way way(stage);
    Cue begin;
    Script target = {awaits(begin)};
    std::string left = chunks;
    for (size_t size = 1; size < 100'000; size *= 3) {
      target.push_back(hears(left.substr(0, size)));
      target.push_back(pauses());
      left.erase(0, size);
    }
    target.push_back(hears(left));
    target.push_back(hearsEnd());
    way.plays({says(chunks)}, std::move(target));

    bool waited = false;
    base::Timer timer(stage.loop);
    timer.start(milliseconds(20), [&] { waited = true; });
    std::string behind, head = isChunked ? chunked : lengthOf(chunks);
    Outcome outcome;
    stage.start(keep(moveBody(way, head, behind), outcome));
    stage.until([&] { return waited; });
    cr_expect_lt(way.from->bytesRead(), 1'000'000);
    begin.give();
    stage.finish();
    cr_expect_eq(outcome.fault, "");
  }
}

Test(transfer, tells_a_source_that_breaks_off_from_a_target_that_does) {
  const std::string half = pattern(1'000'000);
  const std::string head = "Content-Length: 2000000\r\n";
  const std::string chunkedHalf = "1E8480\r\n" + half;
  const std::string ended = "the connection ended in the middle of a message";
  const struct {
    const char* about;
    std::string head;
    std::string sent;
  } bodies[] = {
      {"nothing of a length", head, ""},
      {"a little of a length", head, "abc"},
      {"half of a length", head, half},
      {"no chunk", chunked, ""},
      {"half a chunk head", chunked, "1E"},
      {"half a chunk", chunked, chunkedHalf},
      {"whole chunks without an end", chunked, chunk(100'000, 1) + chunk(100'000, 2)},
      {"half an end", chunked, "0\r\n"},
  };
  for (const auto& each : bodies) {
    Stage stage;
    Way way(stage);
    std::string behind;
    way.plays({says(each.sent)}, {hears(each.sent), hearsEnd()});
    Outcome outcome = stage.run(moveBody(way, each.head, behind));
    cr_expect_eq(outcome.fault, ended, "%s: %s", each.about, outcome.fault.c_str());
    cr_expect(outcome.sourceFailed, "%s", each.about);
    way.to.reset();
    stage.finish();
  }
  for (size_t heard : {0, 1, 100'000, 900'000}) {
    for (const std::string& body : {half + half, chunkedHalf + half}) {
      Stage stage;
      Way way(stage);
      std::string behind;
      Cue over;
      way.plays({says(body.substr(0, 1'500'000)), awaits(over)}, {hearsSome(heard)});
      bool isChunked = body.size() != 2 * half.size();
      Outcome outcome = stage.run(moveBody(way, isChunked ? chunked : head, behind));
      cr_expect_neq(outcome.fault, "");
      cr_expect_not(outcome.sourceFailed, "after %zu bytes: %s", heard, outcome.fault.c_str());
      stage.cancel();
    }
  }
}

namespace {

// As long as a transfer lets an empty source be.
base::Task<> pause(base::Loop& loop) {
  co_await loop.shortly();
}

}  // namespace

Test(transfer, ends_when_either_side_is_cancelled_while_it_waits) {
  const std::string bytes = pattern(2'000'000);  // more than the target's socket takes
  const struct {
    std::string sent;
    bool cancelSource;
    bool sourceFails;
  } ways[] = {{"abc", true, true}, {bytes, false, false}};
  for (const auto& each : ways) {
    Stage stage;
    Way way(stage);
    std::string behind;
    Outcome outcome;
    stage.start(keep(moveBody(way, "Content-Length: 3000000\r\n", behind), outcome));
    // Full twice with a pause between them, and the transfer waits for its target.
    int full = 0;
    for (std::string_view left = each.sent; !left.empty() && full < 2;) {
      ssize_t put = ::send(way.source.get(), left.data(), left.size(), 0);
      if (put > 0) left.remove_prefix(static_cast<size_t>(put));
      full = put < 0 ? full + 1 : 0;
      if (put < 0) stage.run(pause(stage.loop));
      stage.turns(5);
    }
    stage.turns(5);
    cr_expect_eq(outcome.fault, "");
    (each.cancelSource ? *way.from : *way.to).cancel("told to");
    stage.finish();
    cr_expect_eq(outcome.fault, "told to");
    cr_expect_eq(outcome.sourceFailed, each.sourceFails);
  }
}

Test(transfer, can_be_destroyed_at_any_moment) {
  std::string body;
  for (uint32_t i = 0; i < 30; i++) body += chunk(32 * 1024, i);
  for (int turns = 0; turns < 40; turns++) {
    Stage stage;
    Way way(stage);
    std::string behind;
    Cue over;
    way.plays({says(body), awaits(over)}, {hearsSome(200'000), awaits(over)});
    base::Scope scope([](std::exception_ptr) {});
    Outcome outcome;
    scope.spawn(keep(moveBody(way, chunked, behind), outcome));
    stage.turns(turns);
    scope.cancelAll();
    stage.cancel();
  }
}
