// Calls to a server that plays its script: reuse of connections, repetition, limits and faults.

#include "base/http_client.h"

#include <criterion/criterion.h>

#include <string>

#include "test/stage.h"

using namespace test;
using base::HttpCall;
using base::HttpReply;

namespace {

const std::string getA = "GET /a HTTP/1.1\r\nHost: docker\r\n\r\n";

std::string answer(const std::string& body, const std::string& more = "") {
  return "HTTP/1.1 200 OK\r\n" + more + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

HttpCall callFor(const std::string& target) {
  return base::httpGet(target, milliseconds(5000), 1000);
}

// A client whose every connection is to the next of these scripts.
struct Caller {
  explicit Caller(std::vector<Script> servers) : scripts(std::move(servers)) {}
  ~Caller() { stage.cancel(); }

  base::Task<std::unique_ptr<base::Stream>> connect() {
    if (made == scripts.size()) throw base::StreamError("nobody listens");
    auto [ours, theirs] = socketPair();
    stage.play("server " + std::to_string(made), std::move(theirs), scripts[made]);
    made++;
    co_return stage.stream(std::move(ours));
  }

  std::string get(const std::string& target) {
    HttpReply reply = stage.run(client.call(callFor(target)));
    return std::to_string(reply.status) + " " + reply.body;
  }

  Stage stage;
  std::vector<Script> scripts;
  size_t made = 0;
  base::HttpClient client{stage.loop, "server", [this] { return connect(); }, {}, 2};
};

base::Task<> ask(base::HttpClient& client, HttpCall call) {
  co_await client.call(std::move(call));
}

base::Task<> note(base::HttpClient& client, std::string& replies) {
  HttpReply reply = co_await client.call(callFor("/a"));
  replies += reply.body;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

Test(http_client, one_connection_serves_call_after_call) {
  Caller caller({{hears(getA), says(answer("1")), hears(getA), says(answer("2")), hearsEnd()}});
  cr_expect_eq(caller.get("/a"), "200 1");
  cr_expect_eq(caller.client.idle(), 1);
  cr_expect_eq(caller.get("/a"), "200 2");
  cr_expect_eq(caller.made, 1);
  caller.client.dropIdle();
  caller.stage.finish();
}

Test(http_client, a_call_is_written_whole) {
  Caller caller(
      {{hears("POST /b HTTP/1.1\r\nHost: docker\r\nX: y\r\nContent-Length: 3\r\n\r\nabc"),
        says(answer("ok", "X-Own: z\r\nDate: now\r\n")),
        hears("DELETE /b HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n"),
        says("HTTP/1.1 204 No Content\r\n\r\n"), hears("HEAD /b HTTP/1.1\r\nHost: docker\r\n\r\n"),
        says("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"), hearsEnd()}});
  HttpCall call;
  call.method = "POST";
  call.target = "/b";
  call.headers = "X: y\r\n";
  call.body = "abc";
  HttpReply reply = caller.stage.run(caller.client.call(call));
  cr_expect_eq(reply.body, "ok");
  cr_expect_eq(reply.head, "HTTP/1.1 200 OK\r\nX-Own: z\r\n", "%s", reply.head.c_str());
  call = HttpCall{.method = "DELETE", .target = "/b"};
  cr_expect_eq(caller.stage.run(caller.client.call(call)).status, 204);
  call.method = "HEAD";
  cr_expect_eq(caller.stage.run(caller.client.call(call)).body, "");
  cr_expect_eq(caller.made, 1);
  caller.client.dropIdle();
  caller.stage.finish();
}

Test(http_client, answers_of_every_framing_are_read) {
  Caller caller(
      {{hears(getA), says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"),
        pauses(), says("2\r\nbc\r\n0\r\n\r\n"), hearsEnd()},
       {hears(getA), says("HTTP/1.1 200 OK\r\n\r\nuntil the "), pauses(), says("end")}});
  cr_expect_eq(caller.get("/a"), "200 abc");
  caller.client.dropIdle();
  cr_expect_eq(caller.get("/a"), "200 until the end");
  cr_expect_eq(caller.client.idle(), 0);
}

Test(http_client, a_connection_that_is_not_to_be_kept_is_not_kept) {
  Caller caller({{hears(getA), says(answer("1", "Connection: close\r\n")), hearsEnd()},
                 {hears(getA), says(answer("2") + "more"), hearsEnd()}});
  cr_expect_eq(caller.get("/a"), "200 1");
  cr_expect_eq(caller.client.idle(), 0);
  cr_expect_eq(caller.get("/a"), "200 2");
  cr_expect_eq(caller.client.idle(), 0, "somebody said more than he was asked");
  caller.stage.finish();
}

Test(http_client, an_idle_connection_that_ends_is_forgotten) {
  Cue cue;
  Caller caller({{hears(getA), says(answer("1")), awaits(cue)}, {hears(getA), says(answer("2"))}});
  int closed = 0;
  caller.client.onIdleClosed([&] { closed++; });
  cr_expect_eq(caller.get("/a"), "200 1");
  cue.give();
  caller.stage.until([&] { return closed == 1; });
  cr_expect_eq(caller.client.idle(), 0);
  cr_expect_eq(caller.get("/a"), "200 2");
}

Test(http_client, what_a_stale_connection_did_not_answer_is_asked_anew_if_it_may_be) {
  for (bool idempotent : {true, false}) {
    Caller caller({{hears(getA), says(answer("1")), hears(getA)},
                   {hears(getA), says(answer("2")), hearsEnd()}});
    cr_expect_eq(caller.get("/a"), "200 1");
    HttpCall call = callFor("/a");
    call.idempotent = idempotent;
    HttpReply reply = caller.stage.run(caller.client.call(call));
    cr_expect_eq(reply.body, "2");
    cr_expect_eq(caller.made, 2, "what must not be repeated goes to a fresh connection at once");
  }
}

Test(http_client, a_connection_that_is_found_closed_is_replaced) {
  Cue cue;
  Caller caller({{hears(getA), says(answer("1")), awaits(cue)},
                 {hears(getA), says(answer("2")), hearsEnd()}});
  cr_expect_eq(caller.get("/a"), "200 1");
  cue.give();  // it is closed now, and nobody had a turn to notice
  cr_expect_eq(caller.client.idle(), 1);
  cr_expect_eq(caller.get("/a"), "200 2");
}

Test(http_client, a_fresh_connection_that_ends_is_a_fault) {
  Caller caller({{hears(getA)},
                 {hears(getA), says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1")},
                 {hears(getA), says("HTTP/1.1 2")},
                 {hears(getA), says("SSH-2.0\r\n")}});
  const char* words[] = {"without answering", "middle of its answer", "without answering",
                         "not HTTP"};
  for (const char* each : words) {
    std::string why = caller.stage.faultOf(caller.client.call(callFor("/a")));
    cr_expect(holds(why, each), "%s: %s", each, why.c_str());
  }
  cr_expect_eq(caller.made, 4);
}

Test(http_client, a_broken_answer_is_not_asked_for_again) {
  Caller caller({{hears(getA), says(answer("1")), hears(getA), says("HTTP/1.1 200 OK\r\nContent-"),
                  pauses()}});
  cr_expect_eq(caller.get("/a"), "200 1");
  std::string why = caller.stage.faultOf(caller.client.call(callFor("/a")));
  cr_expect(holds(why, "without answering"), "%s", why.c_str());
  cr_expect_eq(caller.made, 1);
}

Test(http_client, a_server_that_is_away_is_named) {
  Caller caller({});
  std::string why = caller.stage.faultOf(caller.client.call(callFor("/a")));
  cr_expect_eq(why, "Cannot connect to the server: nobody listens", "%s", why.c_str());
}

Test(http_client, too_large_an_answer_ends_the_call) {
  for (const std::string& body :
       {"Content-Length: 1001\r\n\r\n" + std::string(1001, 'x'),
        "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x')}) {
    Caller caller({{hears(getA), says("HTTP/1.1 200 OK\r\n" + body), hearsEnd()}});
    std::string why = caller.stage.faultOf(caller.client.call(callFor("/a")));
    cr_expect(holds(why, "too large"), "%s", why.c_str());
    caller.stage.finish();
  }
}

Test(http_client, a_call_has_its_time) {
  Caller caller({{hears(getA), says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1"), hearsEnd()},
                 {hears(getA), hearsEnd()}});
  for (int i = 0; i < 2; i++) {
    HttpCall call = callFor("/a");
    call.timeout = milliseconds(30);
    std::string why = caller.stage.faultOf(caller.client.call(call));
    cr_expect_eq(why, "no answer in time", "%s", why.c_str());
  }
  caller.stage.finish();
}

Test(http_client, asking_anew_takes_no_more_time) {
  Cue away;
  Caller caller(
      {{hears(getA), says(answer("1")), hears(getA), awaits(away)}, {hears(getA), hearsEnd()}});
  cr_expect_eq(caller.get("/a"), "200 1");
  HttpCall call = callFor("/a");
  call.timeout = milliseconds(1'000);
  base::Timer closing(caller.stage.loop);
  closing.start(milliseconds(900), [&away] { away.give(); });
  base::Time began = caller.stage.loop.now();
  std::string why = caller.stage.faultOf(caller.client.call(call));
  milliseconds took = caller.stage.loop.now() - began;
  cr_expect_eq(why, "no answer in time", "%s", why.c_str());
  cr_expect_eq(caller.made, 2);
  cr_expect_lt(took.count(), 1'500, "%d ms", static_cast<int>(took.count()));
}

Test(http_client, silence_is_told_once_for_each_exchange) {
  Cue first, second;
  Caller caller({{hears(getA), awaits(first), says(answer("1")), hears(getA), awaits(second),
                  says(answer("2")), hearsEnd()}});
  int told = 0;
  std::string replies;
  base::Scope scope([](std::exception_ptr) {});
  caller.client.onSilence(milliseconds(20), [&told] { told++; });
  for (Cue* enough : {&first, &second}) {
    scope.spawn(note(caller.client, replies));
    caller.stage.until([&] { return told == 1; });
    caller.stage.run(base::sleepFor(caller.stage.loop, milliseconds(100)));
    cr_expect_eq(told, 1);
    enough->give();
    caller.stage.until([&] { return scope.empty(); });
    caller.client.onSilence(milliseconds(20), nullptr);
  }
  cr_expect_eq(replies, "12");
  caller.client.dropIdle();
  caller.stage.finish();
}

Test(http_client, all_that_is_under_way_is_cancelled_at_once) {
  Cue asked;
  Caller caller(
      {{hears(getA), says(answer("1")), hearsEnd()}, {hears(getA), gives(asked), hearsEnd()}});
  cr_expect_eq(caller.get("/a"), "200 1");
  HttpCall call = callFor("/a");
  call.idempotent = false;
  std::string why;
  base::Scope scope([&](std::exception_ptr fault) {
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& what) {
      why = what.what();
    }
  });
  scope.spawn(ask(caller.client, call));
  caller.stage.until([&] { return asked.given(); });
  caller.client.cancelAll("the node is down");
  caller.stage.until([&] { return scope.empty(); });
  cr_expect(holds(why, "the node is down"), "%s", why.c_str());
  cr_expect_eq(caller.client.idle(), 0);
  caller.stage.finish();
}

Test(http_client, no_more_connections_are_kept_than_allowed) {
  Script server = {hears(getA), says(answer("1")), hearsEnd()};
  Caller caller({server, server, server});
  std::vector<std::unique_ptr<base::HttpConnection>> taken;
  for (int i = 0; i < 3; i++) taken.push_back(caller.stage.run(caller.client.connect(true)));
  for (std::unique_ptr<base::HttpConnection>& each : taken) caller.client.giveBack(std::move(each));
  cr_expect_eq(caller.client.idle(), 2);
}

Test(http_client, a_refusal_that_comes_before_the_request_is_through_is_heard) {
  const std::string no = "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno";
  Caller caller({{hearsSome(100), says(no)}, {hearsSome(100)}});
  HttpCall call;
  call.method = "POST";
  call.target = "/b";
  call.body = pattern(5'000'000);
  call.idempotent = false;
  HttpReply reply = caller.stage.run(caller.client.call(call));
  cr_expect_eq(reply.status, 400);
  cr_expect_eq(reply.body, "no");
  cr_expect_eq(caller.client.idle(), 0);
  std::string why;
  try {
    caller.stage.run(caller.client.call(call));
  } catch (const base::StreamError& broken) {
    why = broken.what();
  }
  cr_expect(!why.empty(), "and that nothing was said, too");
  caller.stage.finish();
}
