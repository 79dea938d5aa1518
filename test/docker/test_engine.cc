#include "docker/engine.h"

#include <criterion/criterion.h>

#include <vector>

#include "test/fake_docker.h"

using namespace test;
using base::HttpConnection;
using base::HttpReply;
using docker::Engine;

namespace {

const milliseconds soon(5), later(5'000);
const std::string get = "GET /x HTTP/1.1\r\nHost: docker\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string hi = ok + "Content-Length: 2\r\n\r\nhi";

struct Fixture {
  ~Fixture() { stage.cancel(); }

  Stage stage;
  FakeDocker docker{stage};
  Engine engine{stage.loop, docker.path(), milliseconds(1000), {}};

  HttpReply call(size_t most = 1'000'000) {
    return stage.run(engine.call(base::httpGet("/x", later, most)));
  }
  std::string fault(milliseconds timeout = later, size_t most = 1'000'000) {
    return stage.faultOf(engine.call(base::httpGet("/x", timeout, most)));
  }
  void finish() {
    engine.dropIdle();
    stage.finish();
  }
};

}  // namespace

Test(engine, gives_the_whole_of_an_answer_whatever_its_framing) {
  const std::string body = pattern(300'000);
  const struct {
    std::string head;
    std::string rest;
    bool reused = true;
  } answers[] = {
      {"Content-Length: 300000\r\n", body},
      {"Transfer-Encoding: chunked\r\n", "493e0\r\n" + body + "\r\n0\r\nX: y\r\n\r\n"},
      {"", body, false},
      {"Connection: close\r\nContent-Length: 300000\r\n", body, false},
  };
  for (const auto& each : answers) {
    Fixture fixture;
    std::string answer = ok + "Server: Docker\r\nDate: today\r\n" + each.head + "\r\n" + each.rest;
    Script script = {hears(get), says(answer)};
    if (each.reused) {
      script.push_back(hears(get));
      script.push_back(says(answer));
    } else {
      fixture.docker.next(script);
    }
    fixture.docker.next(std::move(script));
    for (int time = 0; time < 2; time++) {
      HttpReply reply = fixture.call();
      cr_expect_eq(reply.status, 200);
      cr_expect_eq(reply.head, ok + "Server: Docker\r\n", "%s", reply.head.c_str());
      cr_expect(reply.body == body);
    }
    cr_expect_eq(fixture.engine.idle(), each.reused ? 1 : 0);
    fixture.finish();
    cr_expect_eq(fixture.docker.connections(), each.reused ? 1 : 2);
  }
}

Test(engine, expects_no_body_in_answer_to_head) {
  Fixture fixture;
  fixture.docker.next({hears("HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"),
                       says(ok + "Content-Length: 500\r\n\r\n"), hears(get), says(hi)});
  base::HttpCall head = base::httpGet("/_ping", later, 100);
  head.method = "HEAD";
  HttpReply reply = fixture.stage.run(fixture.engine.call(head));
  cr_expect_eq(reply.body, "");
  cr_expect_eq(fixture.call().body, "hi");
  fixture.finish();
}

Test(engine, asks_again_when_an_idle_connection_turns_out_to_be_closed) {
  Fixture fixture;
  fixture.docker.next({hears(get), says(hi), hears(get)});
  fixture.docker.next({hears(get), says(hi), hearsEnd()});
  cr_expect_eq(fixture.call().body, "hi");
  cr_expect_eq(fixture.call().body, "hi");
  fixture.finish();
  cr_expect_eq(fixture.docker.connections(), 2);
}

Test(engine, forgets_idle_connections_that_end_or_speak_and_tells_of_it) {
  for (bool speaks : {false, true}) {
    Cue called;
    Fixture fixture;
    int told = 0;
    fixture.engine.onIdleClosed([&told] { told++; });
    Script script = {hears(get), says(hi), awaits(called)};
    if (speaks) script.insert(script.end(), {says("HTTP/1.1 408 Late\r\n\r\n"), hearsEnd()});
    fixture.docker.next(std::move(script));
    fixture.call();
    cr_expect_eq(fixture.engine.idle(), 1);
    called.give();
    fixture.stage.until([&] { return fixture.engine.idle() == 0; });
    cr_expect_eq(told, 1);
    fixture.finish();
  }
}

Test(engine, keeps_a_bounded_number_of_idle_connections_and_uses_the_newest) {
  Fixture fixture;
  std::vector<base::Fd> peers;
  std::vector<HttpConnection*> given;
  for (int i = 0; i < 200; i++) {
    auto [ours, theirs] = socketPair();
    peers.push_back(std::move(theirs));
    std::unique_ptr<HttpConnection> made =
        std::make_unique<HttpConnection>(fixture.stage.stream(std::move(ours)), base::HttpLimits());
    given.push_back(made.get());
    fixture.engine.giveBack(std::move(made));
  }
  size_t kept = fixture.engine.idle();
  cr_expect_gt(kept, 1);
  cr_expect_lt(kept, 200);
  std::unique_ptr<HttpConnection> used = fixture.stage.run(fixture.engine.connect(false));
  cr_expect_eq(used.get(), given[kept - 1]);
  cr_expect(used->reused);
  fixture.docker.next({hearsEnd()});
  std::unique_ptr<HttpConnection> fresh = fixture.stage.run(fixture.engine.connect(true));
  cr_expect_not(fresh->reused);
  cr_expect_eq(fixture.engine.idle(), kept - 1);
  fresh.reset();
  fixture.finish();
}

Test(engine, waits_no_longer_than_it_was_told_to) {
  const struct {
    const char* about;
    Script script;
  } engines[] = {
      {"no answer", {hears(get), hearsEnd()}},
      {"half a head", {hears(get), says("HTTP/1.1 200 O"), hearsEnd()}},
      {"half a body", {hears(get), says(ok + "Content-Length: 5\r\n\r\nab"), hearsEnd()}},
  };
  for (const auto& each : engines) {
    Fixture fixture;
    fixture.docker.next(each.script);
    cr_expect_eq(fixture.fault(soon), "no answer in time", "%s", each.about);
    cr_expect_eq(fixture.engine.idle(), 0);
    fixture.finish();
  }
  Fixture fixture;  // nor does it ask a second time
  fixture.docker.next({hears(get), says(hi), hears(get), hearsEnd()});
  fixture.call();
  cr_expect_eq(fixture.fault(soon), "no answer in time");
  fixture.finish();
  cr_expect_eq(fixture.docker.connections(), 1);
}

Test(engine, answers_that_are_broken_or_too_large_are_faults) {
  const struct {
    const char* about;
    std::string said;
    std::string fault;
  } engines[] = {
      {"nothing", "", "it closed the connection without answering"},
      {"half a head", "HTTP/1.1 200", "it closed the connection without answering"},
      {"half a body", ok + "Content-Length: 5\r\n\r\nab",
       "it closed the connection in the middle of its answer"},
      {"nonsense", "nonsense\r\n\r\n", "its answer is not HTTP"},
      {"a malformed body", ok + "Transfer-Encoding: chunked\r\n\r\nxyz", "malformed chunked body"},
      {"too much", ok + "Content-Length: 3000\r\n\r\n" + pattern(3000), "too large"},
      {"too much in chunks",
       ok + "Transfer-Encoding: chunked\r\n\r\nbb8\r\n" + pattern(3000) + "\r\n", "too large"},
      {"too much without an end", ok + "\r\n" + pattern(300'000), "too large"},
  };
  for (const auto& each : engines) {
    Fixture fixture;
    fixture.docker.next({hears(get), says(each.said)});
    std::string fault;
    try {
      fault = fixture.fault(later, 2000);
      fixture.finish();
    } catch (const std::exception&) {
      fixture.stage.cancel();  // the engine may have been cut off
    }
    cr_expect_neq(fault.find(each.fault), std::string::npos, "%s: %s", each.about, fault.c_str());
    cr_expect_eq(fixture.engine.idle(), 0);
  }
}

Test(engine, one_that_is_down_is_named_with_the_reason) {
  Fixture fixture;
  fixture.docker.stopListening();
  cr_expect_eq(fixture.fault(),
               "Cannot connect to the Docker Engine at unix://" + fixture.docker.path() +
                   ": Connection refused. Is the docker daemon running on this host?");
}

namespace {

base::Task<> keep(base::Task<HttpReply> task, HttpReply& reply) {
  reply = co_await task;
}

}  // namespace

Test(engine, calls_may_be_cancelled) {
  Fixture fixture;
  fixture.docker.next({hears(get), hearsEnd()});
  {
    base::Scope scope([](std::exception_ptr) {});
    HttpReply reply;
    scope.spawn(keep(fixture.engine.call(base::httpGet("/x", later, 100)), reply));
    fixture.stage.until([&] { return fixture.docker.connections() == 1; });
  }
  fixture.finish();
}
