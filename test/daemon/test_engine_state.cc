// Watching an engine that comes, talks, hangs and goes.

#include "docker/engine_state.h"

#include <criterion/criterion.h>

#include <string>
#include <vector>

#include "test/house.h"
#include "test/lively_docker.h"

using namespace test;

namespace {

struct Watch {
  explicit Watch(bool lively = true, bool listens = true) {
    if (lively) docker.emplace(house.docker);
    if (!listens) house.docker.stopListening();
    house.state.listen({[this] { told += "up "; },
                        [this](std::string_view event) { told += "<" + std::string(event) + "> "; },
                        [this] { told += "down "; }});
    house.stage.start(house.state.run());
  }
  ~Watch() { house.stage.cancel(); }

  void until(const std::string& end) {
    house.stage.until([&] { return told.ends_with(end); });
  }

  House house;
  std::optional<LivelyDocker> docker;
  std::string told;
};

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at++) found++;
  return found;
}

}  // namespace

Test(engine_state, learns_what_the_engine_says_about_itself) {
  Watch watch;
  cr_expect_null(watch.house.state.facts());
  cr_expect_eq(watch.house.state.lastFacts().headers, "");
  watch.until("up ");
  const docker::EngineFacts* facts = watch.house.state.facts();
  cr_assert_not_null(facts);
  cr_expect_eq(facts->apiVersion, "1.41");
  cr_expect_eq(facts->minApiVersion, "1.12");
  cr_expect_eq(facts->ping.body, "OK");
  cr_expect_eq(facts->pingHead.body, "");
  cr_expect_eq(facts->headers, "Api-Version: 1.41\r\nOstype: linux\r\nServer: Docker/20.10\r\n");
  cr_expect_eq(count(watch.house.logged(), "engine is up"), 1);
}

Test(engine_state, hands_on_each_event_once_in_whatever_pieces_they_come) {
  Watch watch(false);
  Cue first, second;
  const std::string facts = answerOf("{\"ApiVersion\":\"1.41\"}");
  watch.house.docker.next({hearsSome(39), says(facts), hearsSome(37), says(answerOf("OK")),
                           hearsSome(38), says(answerOf("")), hearsSome(100'000)});
  watch.house.docker.next(
      {hearsSome(10), says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"),
       awaits(first), says("c\r\n1}\n\n{\"b\":2}\n\r\n3\r\n{\"c\r\n"), awaits(second),
       says("5\r\n\":3}\n\r\n"), hearsSome(100'000)});
  watch.until("up ");
  first.give();
  watch.until("<{\"b\":2}> ");
  second.give();
  watch.until("<{\"c\":3}> ");
  cr_expect_eq(watch.told, "up <{\"a\":1}> <{\"b\":2}> <{\"c\":3}> ");
}

Test(engine_state, catching_up_takes_what_has_arrived_without_waiting) {
  Watch watch;
  watch.until("up ");
  watch.house.state.catchUp();
  cr_expect_eq(watch.told, "up ");
  watch.house.docker.emit("1");
  watch.house.docker.emit("2");
  cr_expect_eq(watch.told, "up ");
  watch.house.state.catchUp();
  cr_expect_eq(watch.told, "up <1> <2> ");
  watch.house.docker.hangUp();
  watch.house.state.catchUp();  // finds the end, which the watching itself reports
  watch.until("down ");
}

Test(engine_state, comes_back_when_the_engine_does) {
  Watch watch;
  watch.until("up ");
  watch.house.docker.stopListening();
  watch.house.docker.hangUp();
  watch.until("down ");
  cr_expect_null(watch.house.state.facts());
  cr_expect_eq(watch.house.state.lastFacts().apiVersion, "1.41");
  cr_expect_eq(watch.house.engine.idle(), 0);
  watch.house.docker.listen();
  watch.until("down up ");
  cr_expect_eq(watch.told, "up down up ");
  cr_expect_eq(count(watch.house.logged(), "engine is down"), 1, "%s",
               watch.house.logged().c_str());
}

Test(engine_state, says_once_why_the_engine_is_down) {
  Watch watch(true, false);
  watch.house.stage.run(base::sleepFor(watch.house.stage.loop, milliseconds(300)));
  std::string log = watch.house.logged();
  cr_expect_eq(count(log, "engine is down"), 1, "%s", log.c_str());
  cr_expect_eq(count(log, "Connection refused"), 1, "%s", log.c_str());
  cr_expect_eq(watch.told, "");
}

Test(engine_state, something_else_on_the_socket_is_no_engine) {
  const struct {
    std::string version;
    std::string reason;
  } others[] = {
      {answerOf("{}", "404 Not Found"), "does not answer GET /version"},
      {answerOf("<html>"), "not JSON"},
      {"SSH-2.0\r\n", "not HTTP"},
  };
  for (const auto& each : others) {
    Watch watch(false);
    watch.house.docker.answerWith([&](const std::string& line) {
      return line.starts_with("GET /version") ? each.version : answerOf("OK");
    });
    watch.house.stage.until([&] { return count(watch.house.logged(), "engine is down") == 1; });
    std::string log = watch.house.logged();
    cr_expect_eq(count(log, each.reason), 1, "%s: %s", each.reason.c_str(), log.c_str());
    cr_expect_null(watch.house.state.facts());
  }
}

Test(engine_state, an_endless_event_ends_the_watch_and_no_memory) {
  Watch watch;
  watch.until("up ");
  watch.house.docker.emit(std::string(2'000'000, 'x'));
  watch.house.stage.until([&] { return watch.told.find("down") != std::string::npos; });
  cr_expect_eq(count(watch.house.logged(), "too large"), 1);
}

Test(engine_state, an_engine_that_answers_no_ping_is_silent_until_it_does) {
  Watch watch(false);
  bool hangs = false;
  LivelyDocker docker(watch.house.docker);
  watch.house.docker.answerWith([&](const std::string& line) {
    docker.asked.push_back(line);
    if (hangs) return std::string();
    if (line.starts_with("GET /version")) return answerOf(R"({"ApiVersion":"1.41"})");
    if (line.starts_with("GET /events"))
      return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    return answerOf(line.starts_with("HEAD") ? "" : "OK");
  });
  watch.until("up ");
  hangs = true;
  base::Time began = watch.house.stage.loop.now();
  std::string why = watch.house.stage.faultOf(
      watch.house.engine.call(base::httpGet("/info", milliseconds(30'000), 100)));
  cr_expect_lt((watch.house.stage.loop.now() - began).count(), 2'400);
  cr_expect_eq(count(why, "it has not answered since 20"), 1, "%s", why.c_str());
  cr_expect_null(watch.house.state.facts());
  watch.until("down ");
  size_t asked = docker.count("/info");
  why = watch.house.stage.faultOf(
      watch.house.engine.call(base::httpGet("/info", milliseconds(30'000), 100)));
  cr_expect_eq(count(why, "Cannot connect to the Docker Engine at "), 1, "%s", why.c_str());
  cr_expect_eq(docker.count("/info"), asked);
  hangs = false;
  watch.until("down up ");
  cr_expect_eq(
      watch.house.stage.run(watch.house.engine.call(base::httpGet("/info", milliseconds(100), 100)))
          .status,
      200);
}

Test(engine_state, an_engine_that_takes_long_over_all_but_pings_is_up) {
  Watch watch(false);
  watch.house.docker.answerWith([&](const std::string& line) {
    if (line.starts_with("GET /info")) return std::string();
    if (line.starts_with("GET /version")) return answerOf(R"({"ApiVersion":"1.41"})");
    if (line.starts_with("GET /events"))
      return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    return answerOf(line.starts_with("HEAD") ? "" : "OK");
  });
  watch.until("up ");
  std::string why = watch.house.stage.faultOf(
      watch.house.engine.call(base::httpGet("/info", milliseconds(2'600), 100)));
  cr_expect_eq(why, "no answer in time", "%s", why.c_str());
  cr_expect_not_null(watch.house.state.facts());
  cr_expect_eq(watch.told, "up ");
}
