// What droverd answers in the engine's place, and when it does not: clients, the whole of droverd's
// handlers, and an engine that notes what it is asked.

#include "proxy/api/api.h"

#include <criterion/criterion.h>

#include <string>

#include "test/house.h"
#include "test/lively_docker.h"

using namespace test;

namespace {

using Containers = std::vector<std::pair<std::string, std::string>>;

struct Served {
  // The engine has these when it is found.
  explicit Served(Containers containers = {}, bool up = true) {
    docker.containers = std::move(containers);
    if (!up) return;
    house.stage.start(house.state.run());
    house.stage.until([&] { return house.state.facts() && docker.count("/containers/json") > 0; });
    house.stage.turns(20);
    docker.asked.clear();
  }
  ~Served() { house.stage.cancel(); }

  // Asks and gives the whole answer, without its Date.
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& version = "1.1") {
    std::string answer;
    auto [ours, theirs] = socketPair();
    std::unique_ptr<base::Stream> client = house.stage.stream(std::move(theirs));
    house.accept(std::move(ours));
    std::string request =
        method + " " + target + " HTTP/" + version + "\r\nHost: d\r\nConnection: close\r\n\r\n";
    house.stage.run(converse(*client, request, answer));
    size_t date = answer.find("Date: ");
    if (date != std::string::npos) answer.erase(date, answer.find("\r\n", date) + 2 - date);
    return answer;
  }

  std::string list(const std::string& query = "all=1") {
    std::string answer = ask("GET", "/containers/json?" + query);
    return answer.substr(std::min(answer.size(), answer.find("\r\n\r\n") + 4));
  }

  static base::Task<> converse(base::Stream& client, std::string request, std::string& answer) {
    co_await client.write(request);
    char buffer[1000];
    for (;;) {
      size_t got = co_await client.read(buffer);
      if (got == 0) co_return;
      answer.append(buffer, got);
    }
  }

  void event(const std::string& action, const std::string& name) {
    house.docker.emit("{\"Type\":\"container\",\"Action\":\"" + action + "\",\"Actor\":{\"ID\":\"" +
                      LivelyDocker::idOf(name) + "\"}}");
  }

  House house;
  LivelyDocker docker{house.docker};
};

const std::string common = "Api-Version: 1.41\r\nOstype: linux\r\nServer: Docker/20.10\r\n";

}  // namespace

Test(api, pings_and_versions_are_answered_here_as_the_engine_did) {
  Served served;
  const std::string head = "HTTP/1.1 200 OK\r\n" + common +
                           "X-Own: y\r\nContent-Type: application/json\r\nContent-Length: ";
  const std::string close = "\r\nConnection: close\r\n\r\n";
  cr_expect_eq(served.ask("GET", "/_ping"), head + "2" + close + "OK");
  cr_expect_eq(served.ask("HEAD", "/_ping"), head + "0" + close);
  cr_expect_eq(served.ask("GET", "/v1.41/_ping"), head + "2" + close + "OK");
  const std::string version = "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}\n";
  cr_expect_eq(served.ask("GET", "/v1.12/version"),
               head + std::to_string(version.size()) + close + version);
  cr_expect_eq(served.docker.asked.size(), 0);
}

Test(api, what_the_engine_would_refuse_is_refused_by_the_engine) {
  Served served;
  for (std::string target : {"/v1.42/_ping", "/v1.11/version", "/v9/version", "/v1.41.1/_ping"}) {
    cr_expect_neq(served.ask("GET", target).find("passed through"), std::string::npos, "%s",
                  target.c_str());
  }
  cr_expect_eq(served.docker.count("GET /v"), 4);
}

Test(api, nothing_is_answered_here_while_the_engine_is_away) {
  Served served;
  served.house.docker.stopListening();
  served.house.docker.hangUp();
  served.house.stage.until([&] { return !served.house.state.facts(); });
  for (std::string target : {"/_ping", "/version", "/containers/json", "/info"}) {
    std::string answer = served.ask("GET", target);
    cr_expect(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n" + common), "%s: %s",
              target.c_str(), answer.c_str());
    cr_expect_neq(answer.find("Cannot connect to the Docker Engine at unix://"), std::string::npos);
  }
}

Test(api, a_list_is_answered_here_while_nothing_changes) {
  Served served(Containers{{"web", "created|Created"}, {"db", "created|Created"}});
  for (int i = 0; i < 3; i++) cr_expect_eq(served.list(), served.docker.list());
  std::string answer = served.ask("GET", "/v1.41/containers/json?all=1");
  cr_expect(
      answer.starts_with("HTTP/1.1 200 OK\r\n" + common + "Content-Type: application/json\r\n"),
      "%s", answer.c_str());
  cr_expect_eq(served.docker.asked.size(), 0, "%s", served.docker.asked.front().c_str());
}

Test(api, lists_that_only_the_engine_understands_come_from_it) {
  Served served;
  served.docker.containers = {{"web", "created|Created"}};
  for (std::string query : {"all=1&size=1", "all=1&before=x", "all=1&limit=x"}) {
    served.docker.asked.clear();
    cr_expect_eq(served.list(query), served.docker.list(), "%s", query.c_str());
    cr_expect_eq(served.docker.count(query), 1, "%s", query.c_str());
  }
  // Older versions of the API show other fields.
  served.docker.asked.clear();
  served.ask("GET", "/v1.24/containers/json?all=1");
  cr_expect_eq(served.docker.count("/v1.24/containers/json?all=1"), 1);
}

Test(api, what_an_event_told_shows_in_the_next_list) {
  Served served;
  cr_expect_eq(served.list(), "[]\n");
  const struct {
    std::string action;
    Containers containers;
  } steps[] = {
      {"create", {{"web", "created|Created"}}},
      {"die", {{"web", "exited|Exited (0) sometime"}}},
      {"start", {{"web", "running|Up and well"}}},
      {"health_status: healthy", {{"web", "running|Up and healthy"}}},
      {"destroy", {}},
  };
  for (const auto& each : steps) {
    served.docker.containers = each.containers;
    served.event(each.action, "web");
    cr_expect_eq(served.list(), served.docker.list(), "%s", each.action.c_str());
  }
  served.docker.containers = {{"db", "created|Created"}};
  served.house.docker.emit("not even JSON");
  cr_expect_eq(served.list(), served.docker.list());
}

Test(api, what_a_call_changed_shows_in_a_list_asked_for_after_its_answer) {
  for (std::string call : {"POST /containers/prune", "POST /containers/web/start",
                           "DELETE /containers/web", "POST /v1.41/containers/create",
                           "POST /containers/web/rename?name=x", "POST /images/x/tag"}) {
    Served served(Containers{{"web", "created|Created"}});
    cr_expect_eq(served.list(), served.docker.list());
    cr_expect_eq(served.docker.asked.size(), 0);
    size_t space = call.find(' ');
    served.ask(call.substr(0, space), call.substr(space + 1));
    served.docker.containers = {{"web", "exited|changed"}};
    cr_expect_eq(served.list(), served.docker.list(), "%s", call.c_str());
  }
}

Test(api, a_list_survives_that_its_engine_was_away) {
  Served served;
  served.docker.containers = {{"web", "created|Created"}};
  served.event("create", "web");
  served.list();
  served.docker.containers = {{"db", "created|Created"}};  // unseen
  served.house.docker.hangUp();
  served.house.stage.until([&] { return !served.house.state.facts(); });
  served.house.stage.until([&] { return served.house.state.facts(); });
  cr_expect_eq(served.list(), served.docker.list());
}

Test(api, a_client_that_leaves_while_a_list_is_made_harms_nobody) {
  Served served;
  served.docker.containers = {{"web", "created|Created"}};
  served.event("create", "web");
  served.house.client({says("GET /containers/json?all=1 HTTP/1.1\r\nHost: d\r\n\r\n")});
  served.house.client({says("GET /containers/json?all=1 HTTP/1.1\r\nHost: d\r\n\r\n"), pauses()});
  cr_expect_eq(served.list(), served.docker.list());
  served.house.stage.until([&] { return served.house.clients == 0; });
}

Test(api, errors_look_like_dockers_before_the_engine_was_ever_seen) {
  Served served({}, false);
  served.house.docker.stopListening();
  std::string answer = served.ask("GET", "/info");
  cr_expect(
      answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"),
      "%s", answer.c_str());
  cr_expect(answer.ends_with("Is the docker daemon running on this host?\"}\n"), "%s",
            answer.c_str());
}
