// Two connections joined: what each end hears of the other's bytes, half closes and leaving. (How
// requests come to be tunnelled is in test_relay.cc.)

#include "proxy/http/tunnel.h"

#include <criterion/criterion.h>

#include "test/stage.h"

using base::Stream;
using namespace test;

namespace {

base::Task<> join(std::unique_ptr<Stream> client, std::unique_ptr<Stream> upstream,
                  std::string& fault) {
  try {
    co_await proxy::tunnel(*client, *upstream);
  } catch (const base::StreamError& broken) {
    fault = broken.what();
  }
}

// Joins two scripts; says how the tunnel ended.
std::string joined(const char* about, Script client, Script engine) {
  std::string fault;
  Stage stage;
  auto [clientNear, clientFar] = socketPair();
  auto [engineNear, engineFar] = socketPair();
  stage.start(
      join(stage.stream(std::move(clientNear)), stage.stream(std::move(engineNear)), fault));
  stage.play("client", std::move(clientFar), std::move(client));
  stage.play("engine", std::move(engineFar), std::move(engine));
  try {
    stage.finish();
  } catch (const std::exception& wrong) {
    cr_expect(false, "%s: %s", about, wrong.what());
    stage.cancel();
  }
  return fault;
}

const std::string in = pattern(500'000, 1), out = pattern(500'000, 2);

}  // namespace

Test(tunnel, carries_both_directions_and_each_half_close) {
  joined("the client ends first", {says(in), ends(), hears(out), hearsEnd()},
         {hears(in), hearsEnd(), says(out)});
  joined("the engine ends first", {hears(out), hearsEnd(), says(in)},
         {says(out), ends(), hears(in), hearsEnd()});
  joined("the client says nothing", {ends(), hears(out), hearsEnd()}, {hearsEnd(), says(out)});
  joined("the engine says nothing", {says(in), hearsEnd()}, {hears(in), ends(), hearsEnd()});
  joined("neither says anything", {ends(), hearsEnd()}, {hearsEnd()});
  Script client, engine;
  for (int i = 0; i < 50; i++) {
    std::string word = std::to_string(i);
    client.insert(client.end(), {says(word), hears(word)});
    engine.insert(engine.end(), {hears(word), says(word)});
  }
  client.insert(client.end(), {ends(), hearsEnd()});
  engine.push_back(hearsEnd());
  joined("a conversation", std::move(client), std::move(engine));
}

Test(tunnel, ends_when_the_engine_is_gone_and_all_is_delivered) {
  cr_expect_eq(joined("at once", {hearsEnd()}, {}), "");
  cr_expect_eq(joined("behind bytes", {hears(out), hearsEnd()}, {says(out)}), "");
  Cue ended;
  cr_expect_eq(joined("after its half", {hears(out), hearsEnd(), gives(ended), hearsEnd()},
                      {says(out), ends(), awaits(ended)}),
               "");
}

Test(tunnel, tells_the_engine_that_the_client_is_gone) {
  joined("at once", {}, {hearsEnd()});
  joined("after its half", {says("x"), ends(), hears("y")},
         {hears("x"), hearsEnd(), says("y"), hearsEnd()});
  Cue left;
  std::string fault = joined("while the engine says much", {hearsSome(1000), gives(left)},
                             {says("begin" + pattern(1000)), awaits(left), pauses(), hearsEnd()});
  cr_expect_neq(fault, "");
  joined("while the engine hears nothing", {says("quick")}, {pauses(), hears("quick"), hearsEnd()});
}
