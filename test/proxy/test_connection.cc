// One client's connection: requests in order, limits, time limits, malformed requests, its end.

#include "proxy/connection.h"

#include <criterion/criterion.h>

#include "test/house.h"
#include "test/lively_docker.h"
#include "test/tls_client.h"

using namespace test;

namespace {

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: d\r\n\r\n";
}

std::string answer(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Until the clients are gone and the engine's idle connections are closed.
void finish(House& house) {
  house.stage.until([&] { return house.clients == 0; });
  house.engine.dropIdle();
  house.stage.finish();
}

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at++) found++;
  return found;
}

}  // namespace

Test(connection, pipelined_requests_are_answered_in_order) {
  House house;
  const std::string post = "POST /b HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc";
  const std::string chunked =
      "POST /c HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
  house.docker.next({hears(get("/a")), pauses(), says(answer("a")), hears(post), says(answer("b")),
                     hears(chunked), says(answer("c")), hears(get("/d")), says(answer("d")),
                     hearsEnd()});
  house.client({says(get("/a") + post + chunked + "\r\n" + get("/d")),
                hears(answer("a") + answer("b") + answer("c") + answer("d")), ends(), hearsEnd()});
  finish(house);
}

Test(connection, requests_may_come_byte_by_byte) {
  House house;
  const std::string post = "POST /b HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\n\r\nabc";
  Script client;
  for (char byte : post) {
    client.push_back(says(std::string(1, byte)));
    client.push_back(pauses());
  }
  for (Step step : {hears(answer("b")), ends(), hearsEnd()}) client.push_back(step);
  house.docker.next({hears(post), says(answer("b")), hearsEnd()});
  house.client(std::move(client));
  finish(house);
}

Test(connection, many_clients_share_few_connections_to_the_engine) {
  House house;
  Script engine;
  for (int i = 0; i < 20; i++) {
    engine.push_back(hears(get("/x")));
    engine.push_back(says(answer("x")));
  }
  engine.push_back(hearsEnd());
  house.docker.next(std::move(engine));
  for (int i = 0; i < 20; i++) {
    house.client({says(get("/x")), hears(answer("x"))});
    house.stage.until([&] { return house.clients == 0; });
  }
  finish(house);
  cr_expect_eq(house.docker.connections(), 1);
}

Test(connection, ends_when_the_client_asks_for_it) {
  const struct {
    std::string request;
    std::string heard;  // by the engine
  } requests[] = {
      {"GET / HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
       "GET / HTTP/1.1\r\nHost: d\r\n\r\n"},
      {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"},
  };
  for (const auto& each : requests) {
    House house;
    house.docker.next({hears(each.heard), says(answer("x")), hearsEnd()});
    house.client({says(each.request),
                  hears("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"),
                  hearsEnd()});
    finish(house);
  }
}

Test(connection, malformed_requests_are_answered_like_docker_and_end_it) {
  House house;
  house.limits.http = {1000, 10};
  const std::string host = "Host: d\r\n";
  const struct {
    std::string bytes;
    int status;
    std::string message;
  } requests[] = {
      {"nonsense\r\n\r\n", 400, "{\"message\":\"malformed HTTP message: "},
      {"GET / HTTP/1.1\r\nHost : d\r\n\r\n", 400, "{\"message\":\"malformed HTTP message: "},
      {"GET / HTTP/1.1\r\n\r\n", 400, "{\"message\":\"HTTP/1.1 requests need exactly one Host"},
      {"GET / HTTP/2.0\r\n" + host + "\r\n", 505, "HTTP version"},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(2000, 'a') + "\r\n\r\n", 431,
       "1000 bytes"},
      {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(90'000, 'a'), 431, "1000 bytes"},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400, "malformed"},
  };
  for (const auto& each : requests) {
    house.client({says(each.bytes), hearsAnswer(each.status, each.message), hearsEnd()});
    house.stage.finish();
  }
  std::string many = "GET / HTTP/1.1\r\n" + host;
  for (int i = 0; i < 10; i++) many += "X: a\r\n";
  house.client({says(many + "\r\n"), hearsAnswer(431, "10 request headers"), hearsEnd()});
  house.stage.finish();
  cr_expect_eq(count(house.logged(), "status=4"), 7, "%s", house.logged().c_str());
  cr_expect_eq(house.docker.connections(), 0);
}

Test(connection, a_malformed_request_harms_no_earlier_one) {
  House house;
  house.docker.next({hears(get("/a")), says(answer("a")), hearsEnd()});
  house.client({says(get("/a") + "nonsense\r\n\r\n" + get("/b")), hears(answer("a")),
                hearsAnswer(400, "malformed"), hearsEnd()});
  finish(house);
}

Test(connection, a_head_that_takes_too_long_ends_it) {
  House house;
  house.limits.headTimeout = milliseconds(5);
  for (std::string part : {"G", "GET / HTTP/1.1\r\nHost: d\r\nX: ", "PRI * HTTP/2.0\r\n"}) {
    house.client({says(part), hearsEnd()});
    house.stage.finish();
  }
}

namespace {

base::Task<> drip(base::Stream& stream) {
  try {
    co_await stream.write("GET / HTTP/1.1\r\nHost: d\r\nX: ");
    for (;;) {
      co_await stream.write("a");
      co_await base::sleepFor(stream.loop(), milliseconds(1));
    }
  } catch (const base::StreamError&) {
    // Closed in our face is what we are here for.
  }
}

}  // namespace

Test(connection, a_head_that_drips_ends_it_all_the_same) {
  House house;
  house.limits.headTimeout = milliseconds(20);
  auto [ours, theirs] = socketPair();
  std::unique_ptr<base::Stream> client = house.stage.stream(std::move(theirs));
  house.accept(std::move(ours));
  house.stage.start(drip(*client));
  house.stage.finish();
}

Test(connection, silence_ends_it_after_a_while) {
  House house;
  house.limits.idleTimeout = milliseconds(100);
  house.docker.next({hears(get("/a")), says(answer("a")), hearsEnd()});
  house.client({hearsEnd()});
  house.client({says("\r\n\r\n"), hearsEnd()});
  house.client({says(get("/a")), hears(answer("a")), hearsEnd()});
  finish(house);
}

namespace {

base::Task<> askNowAndThen(base::Stream& stream, int times, int& answered) {
  std::string want = answer("a"), request = get("/a");
  for (; answered < times; answered++) {
    co_await base::sleepFor(stream.loop(), milliseconds(40));
    co_await stream.write(request);
    std::string heard(want.size(), '\0');
    size_t got = 0;
    while (got < heard.size()) {
      std::span<char> room = std::span(heard).subspan(got);
      size_t more = co_await stream.read(room);
      if (more == 0) co_return;
      got += more;
    }
  }
  char byte;
  std::span<char> room(&byte, 1);
  co_await stream.read(room);
}

}  // namespace

Test(connection, each_request_puts_off_the_end_for_silence) {
  House house;
  house.limits.idleTimeout = milliseconds(200);
  const int times = 7;  // which takes longer than that
  Script script;
  for (int i = 0; i < times; i++) {
    script.push_back(hears(get("/a")));
    script.push_back(says(answer("a")));
  }
  script.push_back(hearsEnd());
  house.docker.next(script);
  auto [ours, theirs] = socketPair();
  std::unique_ptr<base::Stream> client = house.stage.stream(std::move(theirs));
  house.accept(std::move(ours));
  int answered = 0;
  house.stage.run(askNowAndThen(*client, times, answered));
  cr_expect_eq(answered, times);
  finish(house);
}

Test(connection, no_time_limit_holds_for_what_is_being_answered) {
  Cue heard, head, end;
  House house;
  house.limits.headTimeout = house.limits.idleTimeout = milliseconds(50);
  const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  house.docker.next({hears(get("/events")), gives(heard), awaits(head), says(chunked), awaits(end),
                     says("0\r\n\r\n"), hearsEnd()});
  house.client({says(get("/events")), hears(chunked + "0\r\n\r\n"), hearsEnd()});
  house.stage.until([&] { return heard.given(); });
  house.stage.run(base::sleepFor(house.stage.loop, milliseconds(70)));
  head.give();
  house.stage.run(base::sleepFor(house.stage.loop, milliseconds(70)));
  end.give();
  finish(house);
}

Test(connection, finishing_ends_a_silent_one_and_lets_an_answer_end) {
  Cue asked, finished;
  House house;
  house.docker.next(
      {hears(get("/a")), gives(asked), awaits(finished), says(answer("a")), hearsEnd()});
  proxy::Connection& silent = house.client({hearsEnd()});
  proxy::Connection& halfway = house.client({says("GET / HT"), hearsEnd()});
  proxy::Connection& busy =
      house.client({says(get("/a") + get("/never")), hears(answer("a")), hearsEnd()});
  house.stage.until([&] { return asked.given(); });
  cr_expect_not(silent.busy());
  cr_expect(busy.busy());
  for (proxy::Connection* each : {&silent, &halfway, &busy}) each->finish();
  house.stage.until([&] { return house.clients == 1; });
  finished.give();
  finish(house);
}

Test(connection, cancelling_ends_it_at_once) {
  Cue asked;
  House house;
  house.docker.next({hears(get("/a")), gives(asked), hearsEnd()});
  proxy::Connection& connection = house.client({says(get("/a")), hearsEnd()});
  house.stage.until([&] { return asked.given(); });
  connection.cancel("told to");
  finish(house);
}

namespace {

// With an engine whose API has this version, once it is known.
void knowEngine(House& house, LivelyDocker& docker, const std::string& version) {
  docker.apiVersion = version;
  house.stage.start(house.state.run());
  house.stage.until([&] { return house.state.facts() && docker.count("/containers/json") > 0; });
  house.stage.turns(20);
}

}  // namespace

Test(connection, http_2_is_for_an_engine_that_speaks_it) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  House house;
  LivelyDocker docker(house.docker);
  knowEngine(house, docker, "1.52");
  for (size_t cut : {size_t{0}, size_t{1}, size_t{10}, preface.size() - 1, preface.size()}) {
    house.docker.next({hears(preface + "frames"), says("settings"), hears("more"), hearsEnd()});
    house.client({says(preface.substr(0, cut)), pauses(), says(preface.substr(cut) + "frames"),
                  hears("settings"), says("more"), ends(), hearsEnd()});
    house.stage.until([&] { return house.clients == 0; });
  }
}

Test(connection, http_2_goes_to_no_engine_that_is_not_known_to_speak_it) {
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const std::string moved = "HTTP/1.1 301 Moved Permanently\r\nLocation: /%2A\r\n";
  for (std::string version : {"1.41", "1.51", ""}) {
    House house;
    LivelyDocker docker(house.docker);
    if (!version.empty()) knowEngine(house, docker, version);
    size_t before = house.docker.connections();
    house.client({says(preface + "frames"), hearsAnswer(301, ""), hearsEnd()});
    house.stage.until([&] { return house.clients == 0; });
    cr_expect_eq(house.docker.connections(), before, "%s", version.c_str());
  }
}

Test(connection, what_is_spelled_otherwise_is_heard_as_it_is_meant) {
  House house;
  house.docker.next({hears(get("/containers/web/json?all=%31")), says(answer("x")), hearsEnd()});
  house.client({says(get("http://host/%63ontainers%2fweb/json?all=%31")), hears(answer("x")),
                says(get("/images//a/json")), hearsAnswer(301, ""), says(get("/%zz")),
                hearsAnswer(400, "target"), ends(), hearsEnd()});
  finish(house);
}

Test(connection, each_request_is_one_line_in_the_log_without_its_query) {
  House house;
  const std::string inspect = get("/v1.41/containers/web/json?secret=1");
  const std::string no = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
  house.docker.next(
      {hears(inspect), says(no), hears(get("/unheard-of")), says(answer("x")), hearsEnd()});
  house.client(
      {says(inspect), hears(no), says(get("/unheard-of")), hears(answer("x")), ends(), hearsEnd()});
  finish(house);
  std::string log = house.logged();
  for (std::string part :
       {"method=GET path=/v1.41/containers/web/json route=/containers/{id}/json status=404",
        "method=GET path=/unheard-of route=other status=200", "client=client"}) {
    cr_expect_neq(log.find(part), std::string::npos, "%s in %s", part.c_str(), log.c_str());
  }
  cr_expect_eq(count(log, "route="), 2);
  cr_expect_eq(log.find("secret"), std::string::npos);
}

Test(connection, a_client_that_left_before_its_answer_is_logged_as_gone) {
  Cue asked;
  House house;
  house.docker.next({hears(get("/a")), gives(asked), hearsEnd()});
  house.client({says(get("/a")), awaits(asked)});
  finish(house);
  cr_expect_eq(count(house.logged(), "status=499"), 1, "%s", house.logged().c_str());
}

namespace {

struct SecuredHouse {
  explicit SecuredHouse(const std::string& certificate, Script script) {
    auto [ours, theirs] = socketPair();
    auto [plain, actor] = socketPair();
    client.emplace(house.stage, std::move(plain), std::move(theirs), certificates, certificate);
    house.accept(std::move(ours), &context);
    house.stage.start(client->run());
    house.stage.play("TLS client", std::move(actor), std::move(script));
  }
  ~SecuredHouse() { house.stage.cancel(); }

  Certificates certificates;
  base::TlsContext context = base::TlsContext::forServer(
      {certificates / "ca.pem", certificates / "server.pem", certificates / "server.key"});
  House house;
  std::optional<TlsClient> client;
};

}  // namespace

Test(connection, over_tls_is_served_like_any_other) {
  const std::string body = pattern(300'000);
  SecuredHouse secured("client", {says(get("/a")), hears(answer(body)), says(get("/b")),
                                  hears(answer("b")), ends(), hearsEnd()});
  secured.house.docker.next(
      {hears(get("/a")), says(answer(body)), hears(get("/b")), says(answer("b")), hearsEnd()});
  finish(secured.house);
  cr_expect_eq(count(secured.house.logged(), "anna"), 2, "%s", secured.house.logged().c_str());
}

namespace {

const std::string attach =
    "POST /containers/c/attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
const std::string upgraded = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

}  // namespace

Test(connection, over_tls_half_closes_a_hijacked_stream) {
  const std::string in = pattern(200'000, 1), out = pattern(200'000, 2);
  SecuredHouse secured("client",
                       {says(attach), hears(upgraded), says(in), ends(), hears(out), hearsEnd()});
  secured.house.docker.next({hears(attach), says(upgraded), hears(in), hearsEnd(), says(out)});
  finish(secured.house);
}

Test(connection, over_tls_the_head_of_a_hijacked_stream_comes_by_itself) {
  SecuredHouse secured("client", {says(attach), hears(upgraded + "soon"), hearsEnd()});
  secured.house.docker.next({hears(attach), says(upgraded + "soon")});
  finish(secured.house);
  const std::vector<std::string> wanted = {upgraded, "soon"};
  cr_expect(secured.client->records() == wanted);
}

Test(connection, over_tls_takes_nobody_without_a_certificate) {
  for (std::string certificate : {"", "stranger"}) {
    SecuredHouse secured(certificate, {says(get("/a")), hearsEnd()});
    finish(secured.house);
    cr_expect_eq(secured.house.docker.connections(), 0);
    cr_expect_eq(count(secured.house.logged(), "TLS handshake: "), 1, "%s",
                 secured.house.logged().c_str());
  }
}

Test(connection, over_tls_gives_a_handshake_no_longer_than_a_head) {
  Certificates certificates;
  base::TlsContext context = base::TlsContext::forServer(
      {certificates / "ca.pem", certificates / "server.pem", certificates / "server.key"});
  House house;
  house.limits.headTimeout = milliseconds(5);
  auto [ours, theirs] = socketPair();
  house.accept(std::move(ours), &context);
  house.stage.play("client", std::move(theirs), {says("\x16\x03\x01"), hearsEnd()});
  house.stage.finish();
}

Test(connection, a_body_that_is_read_here_shares_a_budget) {
  House house;
  proxy::BodyBudget::Share others(house.bodies);
  others.resize(64 * 1024 * 1024 - 1000);
  const std::string head = "POST /swarm/init HTTP/1.1\r\nHost: d\r\nContent-Length: 5000\r\n\r\n";
  house.client(
      {says(head + std::string(2000, ' ')), hearsAnswer(503, "request bodies"), hearsEnd()});
  house.stage.until([&] { return house.clients == 0; });
  others.release();
  cr_expect_eq(house.bodies.held(), 0);
}
