// What passes between a client and the engine, byte for byte on both sides: droverd's connection
// code stands between a scripted client and a scripted engine.

#include "proxy/http/relay.h"

#include <criterion/criterion.h>

#include <cstdio>
#include <random>

#include "docker/heads.h"
#include "test/house.h"

using namespace test;

namespace {

const std::string get = "GET /info HTTP/1.1\r\nHost: d\r\n\r\n";
const std::string post = "POST /build HTTP/1.1\r\nHost: d\r\n";
const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
const std::string last = "0\r\n\r\n";
const std::string ok = "HTTP/1.1 200 OK\r\n";
const std::string hi = ok + "Content-Length: 2\r\n\r\nhi";
const std::string attach =
    "POST /containers/c/attach?stream=1&stdin=1 HTTP/1.1\r\nHost: d\r\n"
    "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const std::string upgraded =
    "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n"
    "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

std::string sized(const std::string& body) {
  return "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string chunk(const std::string& data) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", data.size());
  return size + data + "\r\n";
}

std::string chunks(size_t size, int count) {
  std::string all;
  for (int i = 0; i < count; i++) all += chunk(pattern(size, static_cast<uint32_t>(i)));
  return all;
}

// A conversation of one client over connections to the engine that play these scripts. When the
// client is done, idle connections are closed.
void plays(const char* about, Script client, std::vector<Script> engines) {
  Cue done;
  House house;
  size_t expected = engines.size();
  for (Script& each : engines) house.docker.next(std::move(each));
  client.push_back(gives(done));
  house.client(std::move(client));
  try {
    house.stage.until([&] { return done.given() && house.clients == 0; });
    house.engine.dropIdle();
    house.stage.finish();
    cr_expect_eq(house.docker.connections(), expected, "%s: %zu connections to the engine", about,
                 house.docker.connections());
  } catch (const std::exception& fault) {
    cr_expect(false, "%s: %s\n%s", about, fault.what(), house.logged().c_str());
  }
}

// The same, when both connections must be as good as new afterwards: a second exchange goes over
// them.
void playsAndGoesOn(const char* about, Script client, Script engine) {
  const std::string again = "GET /again HTTP/1.1\r\nHost: d\r\n\r\n";
  const std::string yes = "HTTP/1.1 204 No Content\r\n\r\n";
  for (Step step : {says(again), hears(yes), ends(), hearsEnd()}) client.push_back(step);
  for (Step step : {hears(again), says(yes)}) engine.push_back(step);
  plays(about, std::move(client), {std::move(engine)});
}

}  // namespace

Test(relay, bodies_of_every_framing_pass_both_ways) {
  const std::string large = pattern(40'000), huge = pattern(700'000);
  const struct {
    const char* about;
    std::string rest;
  } bodies[] = {
      {"a small body with a length", sized("{}")},
      {"a body with a length that comes with its head", sized(large)},
      {"a huge body with a length", sized(huge)},
      {"no body", "Content-Length: 0\r\n\r\n"},
      {"one chunk", chunked + chunk("hello") + last},
      {"no chunk", chunked + last},
      {"many small chunks", chunked + chunks(7, 5'000) + last},
      {"many chunks of 32 KiB", chunked + chunks(32 * 1024, 40) + last},
      {"chunks of mixed sizes", chunked + chunks(32 * 1024, 10) + chunks(900, 300) + last},
      {"a chunk of 700 KB", chunked + chunk(huge) + last},
      {"trailers", chunked + chunk(large) + "0\r\nX-Sum: 12\r\nX-More: a\r\n\r\n"},
      {"a chunk extension", chunked + "5;a=b\r\nhello\r\n" + last},
  };
  for (const auto& [about, rest] : bodies) {
    const std::string request = post + rest, answer = ok + rest;
    playsAndGoesOn(about, {says(request), hears(hi)}, {hears(request), says(hi)});
    playsAndGoesOn(about, {says(get), hears(answer)}, {hears(get), says(answer)});
    playsAndGoesOn(about, {says(request), hears(answer)}, {hears(request), says(answer)});
  }
}

Test(relay, bodies_pass_in_whatever_pieces_they_come) {
  const std::string body = chunked + chunks(3'000, 4) + chunks(40'000, 3) + chunks(5, 40) + last;
  std::minstd_rand random(11);
  for (int run = 0; run < 10; run++) {
    size_t most = run < 5 ? 50'000 : 2'000;
    auto pieces = [&](std::string bytes) {
      Script script;
      for (size_t size; !bytes.empty(); bytes.erase(0, size)) {
        size = 1 + random() % most;
        script.push_back(says(bytes.substr(0, size)));
        if (random() % 3 == 0) script.push_back(pauses());
      }
      return script;
    };
    Script client = pieces(post + body), engine = {hears(post + body)};
    for (Step& step : pieces(ok + body)) engine.push_back(std::move(step));
    client.push_back(hears(ok + body));
    playsAndGoesOn("random pieces", std::move(client), std::move(engine));
  }
}

Test(relay, both_bodies_may_flow_at_the_same_time) {
  Script client = {says(post + chunked), hears(ok + chunked)};
  Script engine = {hears(post + chunked), says(ok + chunked)};
  for (int i = 0; i < 20; i++) {
    std::string piece = chunk(pattern(static_cast<size_t>(1 + i * 997)));
    client.push_back(says(piece));
    engine.push_back(hears(piece));
    engine.push_back(says(piece));
    client.push_back(hears(piece));
  }
  const std::string end = "0\r\nX: y\r\n\r\n";
  for (Step step : {says(end), hears(end)}) client.push_back(step);
  for (Step step : {hears(end), says(end)}) engine.push_back(step);
  playsAndGoesOn("echo", std::move(client), std::move(engine));
}

Test(relay, interim_answers_pass_before_the_final_one) {
  const std::string head = post + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
  const std::string goOn = "HTTP/1.1 100 Continue\r\n\r\n";
  playsAndGoesOn("100-continue", {says(head), hears(goOn), says("hello"), hears(hi)},
                 {hears(head), says(goOn), hears("hello"), says(hi)});
  playsAndGoesOn("two at once", {says(get), hears(goOn + goOn + hi)},
                 {hears(get), says(goOn + goOn + hi)});
}

Test(relay, answers_without_a_body_have_none_whatever_their_heads_say) {
  const std::string head = "HEAD /containers/c/archive HTTP/1.1\r\nHost: d\r\n\r\n";
  for (std::string answer :
       {ok + "Content-Length: 500\r\n\r\n", ok + chunked, ok + "X: y\r\n\r\n"}) {
    playsAndGoesOn("HEAD", {says(head), hears(answer)}, {hears(head), says(answer)});
  }
  for (std::string status : {"204 No Content", "304 Not Modified"}) {
    std::string answer = "HTTP/1.1 " + status + "\r\n\r\n";
    playsAndGoesOn("without content", {says(get), hears(answer)}, {hears(get), says(answer)});
  }
}

Test(relay, an_answer_until_the_end_of_the_connection_ends_that_of_the_client) {
  const std::string body = pattern(300'000);
  const std::string head = "HTTP/1.0 200 OK\r\nX: y\r\n";
  plays("until the end", {says(get), hears(head + "Connection: close\r\n\r\n" + body), hearsEnd()},
        {{hears(get), says(head + "\r\n" + body)}});
}

Test(relay, the_engines_close_is_not_the_clients) {
  const std::string closing = ok + "Connection: close\r\nContent-Length: 2\r\n\r\nhi";
  plays("close", {says(get), hears(hi), says(get), hears(hi), ends(), hearsEnd()},
        {{hears(get), says(closing)}, {hears(get), says(hi), hearsEnd()}});
}

Test(relay, a_question_is_asked_again_when_an_idle_connection_turns_out_to_be_closed) {
  const std::string head = "HEAD /x HTTP/1.1\r\nHost: d\r\n\r\n";
  const std::string none = ok + "Content-Length: 0\r\n\r\n";
  plays("GET", {says(get), hears(hi), says(get), hears(hi), ends(), hearsEnd()},
        {{hears(get), says(hi), hears(get)}, {hears(get), says(hi), hearsEnd()}});
  plays("HEAD", {says(get), hears(hi), says(head), hears(none), ends(), hearsEnd()},
        {{hears(get), says(hi), hears(head)}, {hears(head), says(none), hearsEnd()}});
  plays("only once", {says(get), hears(hi), says(get), hearsAnswer(503, ""), ends(), hearsEnd()},
        {{hears(get), says(hi), hears(get)}, {hears(get)}});
  plays("not after a part of an answer",
        {says(get), hears(hi), says(get), hearsAnswer(503, ""), ends(), hearsEnd()},
        {{hears(get), says(hi), hears(get), says("HTTP/1.1 2")}});
}

Test(relay, a_command_is_not_given_twice) {
  const std::string start = "POST /containers/c/start HTTP/1.1\r\nHost: d\r\n";
  for (std::string rest : {sized("{}"), sized(""), chunked + last}) {
    plays("POST",
          {says(get), hears(hi), says(start + rest), hearsAnswer(503, ""), ends(), hearsEnd()},
          {{hears(get), says(hi), hears(start + rest)}});
  }
}

Test(relay, an_idle_connection_that_closes_is_forgotten) {
  const std::string start = "POST /containers/c/start HTTP/1.1\r\nHost: d\r\n" + sized("");
  Cue closed, closedForTalking;
  plays(
      "closed",
      {says(get), hears(hi), awaits(closed), pauses(), says(start), hears(hi), ends(), hearsEnd()},
      {{hears(get), says(hi), pauses(), gives(closed)}, {hears(start), says(hi), hearsEnd()}});
  plays(
      "chatty",
      {says(get), hears(hi), awaits(closedForTalking), says(start), hears(hi), ends(), hearsEnd()},
      {{hears(get), says(hi), pauses(), says("HTTP/1.1 408 Request Timeout\r\n\r\n"), hearsEnd(),
        gives(closedForTalking)},
       {hears(start), says(hi), hearsEnd()}});
}

Test(relay, what_comes_behind_an_answer_does_not_reach_another_request) {
  plays("two answers", {says(get), hears(hi), says(get), hears(hi), ends(), hearsEnd()},
        {{hears(get), says(hi + ok + sized("evil")), hearsEnd()},
         {hears(get), says(hi), hearsEnd()}});
}

Test(relay, an_answer_may_come_before_the_request_is_complete) {
  const std::string refused = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n";
  const std::string upload = "Content-Length: 3000000\r\n\r\n" + pattern(2'000'000);
  plays("the engine closes",
        {says(post + upload), hears(refused + "Connection: close\r\n\r\nno"), hearsEnd()},
        {{hearsSome(100'000), says(refused + "Connection: close\r\n\r\nno")}});
  plays("the client does not go on", {says(post + upload), hears(refused + "\r\nno"), hearsEnd()},
        {{hearsSome(2'000'000), says(refused + "\r\nno"), pauses(), hearsSome(post.size()),
          hearsSome(26)}});
  playsAndGoesOn("the client goes on",
                 {says(post + "Content-Length: 6\r\n\r\nabc"), hears(hi), says("def")},
                 {hears(post + "Content-Length: 6\r\n\r\nabc"), says(hi), hears("def")});
}

Test(relay, a_clients_malformed_body_is_told_to_it_and_ends_the_upstream) {
  const std::string head = post + chunked;
  const std::string goOn = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string why = "malformed chunked body";
  plays("with the head", {says(head + "5x\r\n"), hearsAnswer(400, why), hearsEnd()}, {});
  for (const std::string& before : {std::string(), chunk("abc"), chunks(32'000, 20)}) {
    Cue heard;
    plays("after the head",
          {says(head + before), awaits(heard), says("5x\r\n"), hearsAnswer(400, why), hearsEnd()},
          {{hears(head + before), gives(heard), hearsEnd()}});
  }
  plays("after 100 Continue",
        {says(head), hears(goOn), says("5x\r\n"), hearsAnswer(400, why), hearsEnd()},
        {{hears(head), says(goOn), hearsEnd()}});
}

Test(relay, an_engine_that_talks_nonsense_is_unavailable) {
  const std::string large(70'000, 'x');
  for (std::string nonsense : {std::string("nonsense"), std::string("SSH-2.0-OpenSSH\r\n"),
                               "HTTP/1.1 200 OK\r\nX: " + large + "\r\n\r\n",
                               std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
                                           "Content-Length: 2\r\n\r\nxx"),
                               std::string("HTTP/2.0 200 OK\r\n\r\n"), std::string()}) {
    plays("nonsense",
          {says(get), hearsAnswer(503, "Docker Engine at unix://"), says(get), hears(hi), ends(),
           hearsEnd()},
          {{hears(get), says(nonsense)}, {hears(get), says(hi), hearsEnd()}});
  }
  plays("a malformed body with the head",
        {says(get), hearsAnswer(503, "Docker Engine at unix://"), ends(), hearsEnd()},
        {{hears(get), says(ok + chunked + "xyz\r\n")}});
}

Test(relay, an_answer_that_breaks_off_breaks_off_for_the_client_too) {
  const std::string body = pattern(300'000);
  for (const std::string& rest :
       {"Content-Length: 400000\r\n\r\n" + body, chunked + chunk(body),
        chunked + chunk("a") + "5\r\nab", std::string("Content-Length: 5\r\n\r\n")}) {
    plays("ended", {says(get), hears(ok + rest), hearsEnd()}, {{hears(get), says(ok + rest)}});
  }
  Cue begun;
  plays("malformed", {says(get), hears(ok + chunked + chunk("abc")), gives(begun), hearsEnd()},
        {{hears(get), says(ok + chunked + chunk("abc")), awaits(begun), says("xyz\r\n"),
          hearsEnd()}});
}

Test(relay, an_engine_that_is_down_is_named_with_the_reason) {
  House house;
  house.docker.stopListening();
  house.client({says(get),
                hearsAnswer(503, "Cannot connect to the Docker Engine at unix://" +
                                     house.docker.path() + ": Connection refused"),
                says(get), hearsAnswer(503, "Connection refused"),
                says(post + chunked + chunk("abc") + last), hearsAnswer(503, "Connection refused"),
                says(post + chunked + chunk("abc")), hearsAnswer(503, "Connection refused"),
                hearsEnd()});
  house.stage.finish();
}

Test(relay, a_client_that_goes_away_is_gone_for_the_engine) {
  const std::string waiting = "POST /containers/c/wait HTTP/1.1\r\nHost: d\r\n" + sized("");
  const std::string logs = "GET /containers/c/logs?follow=1 HTTP/1.1\r\nHost: d\r\n\r\n";
  Cue waits, uploads, uploadsMuch;
  plays("while an answer is awaited", {says(waiting), awaits(waits)},
        {{hears(waiting), gives(waits), hearsEnd()}});
  plays("in the middle of an answer", {says(logs), hears(ok + chunked + chunk("line"))},
        {{hears(logs), says(ok + chunked + chunk("line")), hearsEnd()}});
  plays("in the middle of an answer that it does not read", {says(logs), hearsSome(20)},
        {{hears(logs), says(ok + chunked + chunk(pattern(100'000))), hearsEnd()}});
  plays("in the middle of its request", {says(post + chunked + chunk("abc")), awaits(uploads)},
        {{hears(post + chunked + chunk("abc")), gives(uploads), hearsEnd()}});
  const std::string part = post + "Content-Length: 900000\r\n\r\n" + pattern(500'000);
  plays("in the middle of a large request", {says(part), awaits(uploadsMuch)},
        {{hears(part), gives(uploadsMuch), hearsEnd()}});
  plays("in the middle of a hijacked stream", {says(attach), hears(upgraded + "hello")},
        {{hears(attach), says(upgraded + "hello"), hearsEnd()}});
  plays("with a next request already sent", {says(logs + logs), hears(ok + chunked)},
        {{hears(logs), says(ok + chunked), hearsEnd()}});
}

Test(relay, a_client_that_ends_its_half_still_gets_its_answer) {
  plays("half-close", {says(get), ends(), hears(hi), hearsEnd()},
        {{hears(get), hearsEnd(), says(hi), hearsEnd()}});
}

Test(relay, an_upgraded_connection_is_a_stream_both_ways) {
  const std::string in = pattern(400'000, 1), out = pattern(600'000, 2);
  plays("the client ends first",
        {says(attach), hears(upgraded), says(in), ends(), hears(out), hearsEnd()},
        {{hears(attach), says(upgraded), hears(in), hearsEnd(), says(out)}});
  plays("the engine ends first",
        {says(attach), hears(upgraded + out), hearsEnd(), says(in), ends()},
        {{hears(attach), says(upgraded + out), ends(), hears(in), hearsEnd()}});
  plays("the engine goes", {says(attach), hears(upgraded + out), hearsEnd()},
        {{hears(attach), says(upgraded + out)}});
  plays("both at once", {says(attach), hears(upgraded), says(in), hears(out), ends(), hearsEnd()},
        {{hears(attach), says(upgraded), says(out), hears(in), hearsEnd()}});
  plays("bytes behind the heads", {says(attach + "early"), hears(upgraded + "soon"), hearsEnd()},
        {{hears(attach), says(upgraded + "soon"), hears("early")}});
  plays("and are told apart by who reads slowly",
        {says(attach), hearsApart(upgraded), hears("soon"), hearsEnd()},
        {{hears(attach), says(upgraded + "soon")}});
  plays("a body in the request",
        {says("POST /exec/e/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
              "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}early"),
         hears(upgraded), hears("out"), hearsEnd()},
        {{hears("POST /exec/e/start HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\n"
                "Content-Length: 2\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n{}"),
          says(upgraded), hears("early"), says("out")}});
}

Test(relay, an_old_hijack_is_a_stream_both_ways_too) {
  const std::string old =
      "POST /containers/c/attach?stream=1 HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n";
  const std::string raw = ok + "Content-Type: application/vnd.docker.raw-stream\r\n\r\n";
  plays("half-close",
        {says(old + "in"), hears(raw), says("put"), ends(), hears("output"), hearsEnd()},
        {{hears(old), says(raw), hears("input"), hearsEnd(), says("output")}});
  const std::string websocket =
      "GET /containers/c/attach/ws HTTP/1.1\r\nHost: d\r\nSec-WebSocket-Key: k\r\n"
      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  const std::string switching =
      "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\n"
      "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  plays("websocket",
        {says(websocket), hears(switching), says("\x81\x01x"), hears("\x88"), hearsEnd()},
        {{hears(websocket), says(switching), hears("\x81\x01x"), says("\x88")}});
}

Test(relay, a_hijack_that_is_refused_is_an_answer_like_any_other) {
  const std::string refused = "HTTP/1.1 404 Not Found\r\n" + sized("{\"message\":\"no such\"}\n");
  playsAndGoesOn("refused", {says(attach), hears(refused)}, {hears(attach), says(refused)});
  playsAndGoesOn("chunked", {says(attach), hears(ok + chunked + last)},
                 {hears(attach), says(ok + chunked + last)});
}

Test(relay, one_slow_reader_does_not_stall_another) {
  Cue quickDone;
  House house;
  const std::string much = ok + sized(pattern(5'000'000));
  house.docker.next({hears(get), says(much), hearsEnd()});
  house.docker.next({hears(post + sized("")), says(hi), hearsEnd()});
  house.client(
      {says(get), hearsSome(10), awaits(quickDone), hears(much.substr(10)), ends(), hearsEnd()});
  house.stage.turns(20);
  house.client({says(post + sized("")), hears(hi), gives(quickDone), ends(), hearsEnd()});
  house.stage.until([&] { return house.clients == 0; });
  house.engine.dropIdle();
  house.stage.finish();
}

namespace {

base::Task<> relayOnce(proxy::Exchange& client, House& house, std::string& order) {
  proxy::RelayOptions options;
  options.onAnswer = [&order](int status, std::string_view body) {
    order += "answer " + std::to_string(status) + " " + std::string(body) + " ";
  };
  co_await proxy::relay(client, house.engine, std::move(options));
}

}  // namespace

Test(relay, whoever_wants_to_hears_of_an_answer_before_the_client) {
  Cue heard;
  House house;
  std::string order;
  auto [ours, theirs] = socketPair();
  proxy::Exchange client(house.stage.stream(std::move(ours)), {}, house.bodies);
  client.reader.feedHead(get);
  house.docker.next({hears(get), says(hi), hearsEnd()});
  house.stage.play("client", std::move(theirs), {hearsSome(1), gives(heard), hearsSome(1)});
  house.stage.start(relayOnce(client, house, order));
  house.stage.until([&] { return heard.given() || !order.empty(); });
  cr_expect_not(heard.given());
  house.stage.until([&] { return heard.given(); });
  cr_expect_eq(order, "answer 200 hi ");
  cr_expect_eq(client.status, 200);
}

// An engine that was restarted has closed its end of every idle connection. Whatever was written to
// one of them cannot have been heard, so even a command is given again.
Test(relay, a_command_that_cannot_have_been_heard_is_given_on_a_new_connection) {
  House house;
  std::string order;
  auto [ours, theirs] = socketPair();
  auto [idle, closed] = socketPair();
  house.engine.giveBack(std::make_unique<base::HttpConnection>(house.stage.stream(std::move(idle)),
                                                               base::HttpLimits()));
  closed = base::Fd();
  proxy::Exchange client(house.stage.stream(std::move(ours)), {}, house.bodies);
  const std::string command = post + sized("{}");
  client.rest = command;
  client.rest.erase(0, client.reader.feedHead(client.rest));
  house.docker.next({hears(command), says(hi), hearsEnd()});
  house.stage.play("client", std::move(theirs), {hears(hi)});
  house.stage.run(relayOnce(client, house, order));
  cr_expect_eq(order, "answer 200 hi ");
}
