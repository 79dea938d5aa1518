// GET /events of the cluster, as a client reads it.

#include "proxy/api/event_stream.h"

#include <criterion/criterion.h>

#include <string>

#include "test/cluster_house.h"

using namespace test;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A client that listens, until it is gone.
struct Listener {
  Listener(Hosts& hosts, Host& host, std::string target) : stage(hosts.stage) {
    scope.spawn(listen(host, "GET " + target + " HTTP/1.1\r\nHost: d\r\n\r\n"));
  }

  base::Task<> listen(Host& host, std::string request) {
    connection = co_await host.client->connect(true);
    co_await connection->stream->write(request);
    char buffer[4096];
    for (;;) {
      size_t got = co_await connection->stream->read(buffer);
      if (got == 0) break;
      heard.append(buffer, got);
    }
    ended = true;
  }

  void hears(const std::string& part) {
    stage.until([&] { return holds(heard, part); });
  }

  Stage& stage;
  std::unique_ptr<base::HttpConnection> connection;
  std::string heard;
  bool ended = false;
  base::Scope scope{[](std::exception_ptr) {}};
};

std::string event(const std::string& name) {
  return "{\"Type\":\"container\",\"Action\":\"start\",\"Actor\":{\"ID\":\"" + name +
         "\",\"Attributes\":{}},\"timeNano\":1700000000000000000}";
}

}  // namespace

Test(event_stream, tells_the_events_of_all_nodes) {
  Hosts hosts(2);
  Listener listener(hosts, hosts.one(), "/v1.41/events");
  listener.hears("\r\n\r\n");
  cr_expect(listener.heard.starts_with("HTTP/1.1 200 OK\r\n"));
  hosts.stage.until([&] { return hosts.two().engine.count("GET /events") >= 2; });
  hosts.two().docker.emit(event("there"));
  hosts.one().docker.emit(event("here"));
  listener.hears("\"here\"");
  listener.hears("\"there\"");
  cr_expect(holds(listener.heard, "host-2"), "%s", listener.heard.c_str());
}

Test(event_stream, tells_those_of_nodes_that_come_later) {
  Hosts hosts(2);
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  Listener listener(hosts, hosts.one(), "/events");
  listener.hears("\r\n\r\n");
  size_t before = hosts.two().engine.count("GET /events");
  hosts.two().start();
  // Its own droverd listens to it, and then we do by way of that one.
  hosts.stage.until([&] { return hosts.two().engine.count("GET /events") == before + 2; });
  hosts.two().docker.emit(event("there"));
  listener.hears("\"there\"");
}

Test(event_stream, is_refused_in_the_engines_words) {
  Hosts hosts(2);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    each->engine.first = [](const std::string& asked) {
      if (!asked.starts_with("GET /events?since=nonsense")) return std::string();
      return answerOf("{\"message\":\"that is no time\"}\n", "400 Bad Request");
    };
  }
  base::HttpReply reply = hosts.one().ask("GET", "/events?since=nonsense");
  cr_expect_eq(reply.status, 400);
  cr_expect(holds(reply.body, "that is no time"), "%s", reply.body.c_str());
}

Test(event_stream, without_any_engine_there_is_an_error_and_no_silence) {
  Hosts hosts(1);
  hosts.one().docker.stopListening();
  hosts.one().docker.hangUp();
  base::HttpReply reply = hosts.one().ask("GET", "/events");
  cr_expect_eq(reply.status, 503, "%d %s", reply.status, reply.body.c_str());
}

Test(event_stream, ends_with_until_when_all_have_said_all) {
  Hosts hosts(2);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    std::string line = event("past-" + each->name()) + "\n";
    each->engine.first = [line](const std::string& asked) {
      return holds(asked, "until=") ? answerOf(line) : std::string();
    };
  }
  Listener listener(hosts, hosts.one(), "/events?since=0&until=1");
  hosts.stage.until([&] { return listener.ended; });
  cr_expect(holds(listener.heard, "past-host-1") && holds(listener.heard, "past-host-2"), "%s",
            listener.heard.c_str());
  cr_expect(listener.heard.ends_with("0\r\n\r\n"), "%s", listener.heard.c_str());
}

Test(event_stream, ends_upstream_when_the_client_goes) {
  Hosts hosts(2);
  Listener listener(hosts, hosts.one(), "/events");
  listener.hears("\r\n\r\n");
  hosts.stage.until([&] { return hosts.two().droverd->server.connections() > 0; });
  size_t before = hosts.one().droverd->server.connections();
  listener.connection->stream->cancel("gone");
  hosts.stage.until([&] { return hosts.one().droverd->server.connections() < before; });
}
