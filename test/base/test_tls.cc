#include "base/tls.h"

#include <criterion/criterion.h>
#include <netinet/in.h>

#include <fstream>
#include <optional>
#include <string>

#include "base/stream.h"
#include "base/transfer.h"
#include "test/tls_client.h"

using base::Fd;
using base::Stream;
using base::Task;
using base::TlsContext;
using namespace test;

namespace {

// A connected pair over TCP, where a reset is a reset.
std::pair<Fd, Fd> tcpPair() {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  sockaddr* generic = reinterpret_cast<sockaddr*>(&address);
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  bool connected = ::bind(listener.get(), generic, size) == 0 && ::listen(listener.get(), 1) == 0 &&
                   ::getsockname(listener.get(), generic, &size) == 0 &&
                   ::connect(client.get(), generic, size) == 0;
  Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!connected || !server) throw std::runtime_error("no TCP pair");
  return {std::move(server), std::move(client)};
}

// A server's stream, and a client whose script is carried over TLS to it.
struct Secured {
  Secured(Stage& stage, std::string certificate, Script script,
          int newestVersion = TLS1_3_VERSION) {
    auto [ours, theirs] = tcpPair();
    auto [plain, actor] = socketPair();
    server = stage.stream(std::move(ours));
    client.emplace(stage, std::move(plain), std::move(theirs), certificates, certificate,
                   newestVersion);
    stage.start(client->run());
    stage.play("client", std::move(actor), std::move(script));
  }

  // The context is gone before the session is used.
  Task<> accept() {
    TlsContext context = TlsContext::forServer(
        {certificates / "ca.pem", certificates / "server.pem", certificates / "server.key"});
    co_await server->acceptTls(context);
  }

  Certificates certificates;
  std::unique_ptr<Stream> server;
  std::optional<TlsClient> client;
};

Task<std::string> readAll(Stream& stream, size_t atATime) {
  std::string all, buffer(atATime, '\0');
  for (;;) {
    size_t got = co_await stream.read(buffer);
    if (got == 0) co_return all;
    all.append(buffer, 0, got);
  }
}

Task<> writeAndEnd(Stream& stream, std::string bytes) {
  co_await stream.write(bytes);
  stream.shutdownWrite();
}

std::string textOf(const std::string& file) {
  std::ifstream in(file);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace

Test(tls, a_client_with_a_certificate_is_let_in_and_known_by_name) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Stage stage;
    Secured secured(stage, "client", {says("hello"), ends(), hears("welcome"), hearsEnd()},
                    version);
    stage.run(secured.accept());
    cr_expect(secured.server->isTls());
    cr_expect_eq(secured.server->peerName(), "anna");
    cr_expect_eq(stage.run(readAll(*secured.server, 100)), "hello");
    stage.run(writeAndEnd(*secured.server, "welcome"));
    stage.finish();
  }
}

Test(tls, others_are_not_let_in) {
  const struct {
    const char* about;
    std::string certificate;
    int version = TLS1_3_VERSION;
  } clients[] = {
      {"no certificate", ""},
      {"no certificate, TLS 1.2", "", TLS1_2_VERSION},
      {"another authority's certificate", "stranger"},
      {"TLS 1.1", "client", TLS1_1_VERSION},
  };
  for (const auto& each : clients) {
    Stage stage;
    Secured secured(stage, each.certificate, {hearsEnd()}, each.version);
    std::string fault = stage.faultOf(secured.accept());
    cr_expect(fault.starts_with("TLS handshake: "), "%s: %s", each.about, fault.c_str());
    secured.server.reset();
    stage.finish();
  }
}

Test(tls, what_is_not_tls_ends_in_a_fault) {
  Certificates certificates;
  TlsContext context = TlsContext::forServer(
      {certificates / "ca.pem", certificates / "server.pem", certificates / "server.key"});
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\nHost: d\r\n\r\n"), std::string(),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9), pattern(5000)}) {
    Stage stage;
    auto [ours, theirs] = tcpPair();
    std::unique_ptr<Stream> server = stage.stream(std::move(ours));
    cr_assert_eq(::send(theirs.get(), bytes.data(), bytes.size(), 0),
                 static_cast<ssize_t>(bytes.size()));
    ::shutdown(theirs.get(), SHUT_WR);
    std::string fault = stage.faultOf(server->acceptTls(context));
    cr_expect_neq(fault, "", "%s", shown(bytes).c_str());
  }
}

Test(tls, much_passes_both_ways_at_once_and_each_half_ends_by_itself) {
  const std::string up = pattern(2'000'000, 1), down = pattern(3'000'000, 2);
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (size_t atATime : {1000, 16 * 1024, 128 * 1024}) {
      Stage stage;
      Secured secured(stage, "client", {says(up), ends(), hears(down), hearsEnd()}, version);
      stage.run(secured.accept());
      stage.start(writeAndEnd(*secured.server, down));
      std::string heard = stage.run(readAll(*secured.server, atATime));
      cr_expect(heard == up);
      stage.finish();
    }
  }
}

Test(tls, the_server_may_end_its_half_first) {
  Stage stage;
  Secured secured(stage, "client", {hears("bye"), hearsEnd(), says("one more thing")});
  stage.run(secured.accept());
  stage.run(writeAndEnd(*secured.server, "bye"));
  cr_expect_eq(stage.run(readAll(*secured.server, 100)), "one more thing");
}

Test(tls, a_client_that_ends_its_half_without_close_notify_can_still_be_answered) {
  Stage stage;
  Certificates certificates;
  TlsContext context = TlsContext::forServer(
      {certificates / "ca.pem", certificates / "server.pem", certificates / "server.key"});
  auto [ours, theirs] = tcpPair();
  int half = theirs.get();
  auto [plain, actor] = socketPair();
  std::unique_ptr<Stream> server = stage.stream(std::move(ours));
  TlsClient client(stage, std::move(plain), std::move(theirs), certificates, "client");
  Cue told;
  stage.start(client.run());
  stage.play("client", std::move(actor),
             {says("hello"), hears("go on"), gives(told), hears("answer"), hearsEnd()});
  stage.run(server->acceptTls(context));
  char buffer[100];
  cr_expect_eq(stage.run(server->read(buffer)), 5);
  stage.run(server->write("go on"));
  stage.run(told.wait());
  ::shutdown(half, SHUT_WR);
  cr_expect_eq(stage.run(server->read(buffer)), 0);
  cr_expect_eq(stage.faultOf(writeAndEnd(*server, "answer")), "");
  stage.finish();
}

Test(tls, a_watch_hears_of_the_end_and_leaves_bytes_alone) {
  for (bool bytesFirst : {false, true}) {
    Stage stage;
    Cue go;
    Script script = {hears("ready"), awaits(go), ends(), hearsEnd()};
    if (bytesFirst) script.insert(script.begin() + 2, says("early"));
    Secured secured(stage, "client", script);
    stage.run(secured.accept());
    stage.run(secured.server->write("ready"));
    std::string told;
    {
      Stream::Watch watch(
          *secured.server, [&] { told += "end "; }, [&] { told += "gone "; });
      go.give();
      bool waited = false;
      base::Timer timer(stage.loop);
      timer.start(milliseconds(20), [&] { waited = true; });
      stage.until([&] { return waited; });
    }
    cr_expect_eq(told, bytesFirst ? "" : "end ");
    cr_expect_eq(stage.run(readAll(*secured.server, 2)), bytesFirst ? "early" : "");
    secured.server->shutdownWrite();
    stage.finish();
  }
}

Test(tls, a_reset_is_told_by_a_watch) {
  Stage stage;
  Secured secured(stage, "client", {hearsEnd()});
  stage.run(secured.accept());
  std::string told;
  Stream::Watch watch(
      *secured.server, [&] { told += "end "; }, [&] { told += "gone "; });
  secured.server->tryWrite("unread");
  stage.cancel();
  secured.client.reset();  // closes with bytes unread, which resets
  stage.until([&] { return told.ends_with("gone "); });
  cr_expect(secured.server->peerGone());
}

namespace {

Task<> transferAll(Stream& from, Stream& to) {
  base::Transfer transfer(from, to);
  co_await transfer.untilEnd();
  to.shutdownWrite();
}

}  // namespace

Test(tls, transfers_copy_to_and_from_it) {
  const std::string up = pattern(1'500'000, 1), down = pattern(1'500'000, 2);
  Stage stage;
  Secured secured(stage, "client", {says(up), ends(), hears(down), hearsEnd()});
  stage.run(secured.accept());
  auto [near, far] = socketPair();
  std::unique_ptr<Stream> plain = stage.stream(std::move(near));
  stage.play("engine", std::move(far), {says(down), hears(up), hearsEnd(), ends()});
  stage.start(transferAll(*secured.server, *plain));
  stage.start(transferAll(*plain, *secured.server));
  stage.finish();
}

Test(tls, files_that_cannot_be_used_are_named) {
  Certificates certificates;
  std::string ca = certificates / "ca.pem", cert = certificates / "server.pem",
              key = certificates / "server.key", none = certificates / "none.pem",
              garbage = certificates / "garbage.pem", other = certificates / "client.key";
  std::ofstream(garbage) << "not PEM at all";
  const struct {
    base::TlsFiles files;
    std::string start;
  } sets[] = {
      {{none, cert, key}, "tls_ca " + none + ": "},
      {{garbage, cert, key}, "tls_ca " + garbage + ": "},
      {{ca, none, key}, "tls_cert " + none + ": "},
      {{ca, garbage, key}, "tls_cert " + garbage + ": "},
      {{ca, cert, none}, "tls_key " + none + ": "},
      {{ca, cert, garbage}, "tls_key " + garbage + ": "},
      {{ca, cert, other}, "tls_key " + other},
  };
  for (const auto& each : sets) {
    std::string why;
    try {
      TlsContext::forServer(each.files);
    } catch (const std::runtime_error& wrong) {
      why = wrong.what();
    }
    cr_expect(why.starts_with(each.start), "%s instead of %s", why.c_str(), each.start.c_str());
  }
  cr_expect_neq(textOf(cert), "");
}
