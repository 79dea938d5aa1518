#include "proxy/api/routes.h"

#include <criterion/criterion.h>

#include <set>
#include <string>

using docker::Effect;
using proxy::Access;
using proxy::Flow;
using proxy::Parameters;
using proxy::Route;
using proxy::RouteMatch;
using proxy::routes;

namespace {

RouteMatch match(std::string_view method, std::string_view target) {
  return proxy::match(routes(), method, target);
}

Parameters parametersOf(std::string_view method, std::string_view target) {
  return match(method, target).route().parameters;
}

}  // namespace

Test(routes, each_request_finds_its_row) {
  const struct {
    std::string method;
    std::string target;
    std::string pattern;
    std::string version = {};
    std::string object = {};
    std::string query = {};
  } requests[] = {
      {"GET", "/_ping", "/_ping"},
      {"HEAD", "/_ping", "/_ping"},
      {"GET", "/v1.41/_ping", "/_ping", "1.41"},
      {"GET", "/v1.24/version", "/version", "1.24"},
      {"GET", "/containers/json?all=1&limit=2", "/containers/json", "", "", "all=1&limit=2"},
      {"GET", "/v1.41/containers/json?", "/containers/json", "1.41"},
      {"GET", "/containers/json/json", "/containers/{id}/json", "", "json"},
      {"POST", "/containers/create?name=a%2Fb", "/containers/create", "", "", "name=a%2Fb"},
      {"GET", "/v1.41/containers/a.b-c_d/json", "/containers/{id}/json", "1.41", "a.b-c_d"},
      {"DELETE", "/containers/web?v=1&force=1", "/containers/{id}", "", "web", "v=1&force=1"},
      {"DELETE", "/containers/web/checkpoints/one", "/containers/{id}/checkpoints/{checkpoint}", "",
       "web"},
      {"GET", "/containers/web/attach/ws?stream=1", "/containers/{id}/attach/ws", "", "web",
       "stream=1"},
      {"POST", "/exec/0a1b/start", "/exec/{id}/start", "", "0a1b"},
      {"GET", "/images/json", "/images/json"},
      {"GET", "/images/get?names=a", "/images/get", "", "", "names=a"},
      {"GET", "/images/busybox/json", "/images/{name...}/json", "", "busybox"},
      {"GET", "/images/localhost:5000/a/b:latest/json", "/images/{name...}/json", "",
       "localhost:5000/a/b:latest"},
      {"GET", "/images/json/json", "/images/{name...}/json", "", "json"},
      {"GET", "/images/a/get/get", "/images/{name...}/get", "", "a/get"},
      {"POST", "/images/a/b/push?tag=c", "/images/{name...}/push", "", "a/b", "tag=c"},
      {"DELETE", "/images/a/b@sha256:00", "/images/{name...}", "", "a/b@sha256:00"},
      {"POST", "/session", "/session"},
      {"POST", "/v1.41/grpc", "/grpc", "1.41"},
      {"PUT", "/volumes/data", "/volumes/{name}", "", "data"},
      {"DELETE", "/plugins/vieux/sshfs:latest", "/plugins/{name...}", "", "vieux/sshfs:latest"},
      // Names of links, and of what is on one node.
      {"GET", "/v1.41/containers/a/b/json?size=1", "/containers/{id}/json", "1.41", "a/b",
       "size=1"},
      {"DELETE", "/containers/web/db?link=1", "/containers/{id}", "", "web/db", "link=1"},
      {"POST", "/containers/a/b/exec", "/containers/{id}/exec", "", "a/b"},
      {"GET", "/networks/a/b", "/networks/{id}", "", "a/b"},
      {"POST", "/networks/a/b/connect", "/networks/{id}/connect", "", "a/b"},
      {"DELETE", "/volumes/a/b", "/volumes/{name}", "", "a/b"},
      {"GET", "/containers/web/json/json", "/containers/{id}/json", "", "web/json"},
      // Whatever is not in the table is the engine's to understand.
      {"GET", "/", "other"},
      {"GET", "", "other"},
      {"OPTIONS", "*", "other"},
      {"GET", "containers/json", "other"},
      {"GET", "http://d/containers/json", "other"},
      {"PUT", "/containers/json", "other"},
      {"get", "/containers/json", "other"},
      {"GET", "/containers/json/", "other"},
      {"GET", "//containers/json", "other"},
      {"GET", "/containers//json", "other"},
      {"GET", "/containers/a/b/c/json", "other"},
      {"GET", "/containers/a/b/", "other"},
      {"GET", "/exec/a/b/json", "other"},
      {"GET", "/containers", "other"},
      {"GET", "/containers/a/json/x", "other"},
      {"GET", "/images//json", "other"},
      {"GET", "/CONTAINERS/json", "other"},
      {"GET", "/containers/json#x", "other"},
      {"GET", "/v1.41", "other", "1.41"},
      {"GET", "/v1.41/", "other", "1.41"},
      {"GET", "/v1.41/v1.41/containers/json", "other", "1.41"},
      {"GET", "/vx.y/containers/json", "other"},
      {"GET", "/v/containers/json", "other"},
      {"GET", "/volumes", "/volumes"},  // which begins like a version
      {"GET", "?/containers/json", "other", "", "", "/containers/json"},
  };
  for (const auto& each : requests) {
    RouteMatch found = match(each.method, each.target);
    std::string what = each.method + " " + each.target;
    const char* name = what.c_str();
    cr_expect_eq(found.route().pattern, each.pattern, "%s", name);
    cr_expect_eq(found.version, each.version, "%s", name);
    cr_expect_eq(found.object, each.object, "%s: %s", name, std::string(found.object).c_str());
    cr_expect_eq(found.query, each.query, "%s", name);
  }
}

Test(routes, every_row_is_reached_by_what_it_describes) {
  std::set<std::string> seen;
  for (size_t i = 0; i + 1 < routes().size(); i++) {
    const Route& route = routes()[i];
    std::string target(route.pattern);
    for (size_t at; (at = target.find('{')) != std::string::npos;) {
      size_t end = target.find('}');
      bool many = target.substr(at, end - at).ends_with("...");
      target.replace(at, end + 1 - at, many ? "some/name" : "some");
    }
    std::string what = std::string(route.method) + " " + target;
    cr_expect(seen.insert(what).second, "%s stands twice in the table", what.c_str());
    cr_expect_eq(match(route.method, target).index, i, "%s", what.c_str());
    cr_expect_eq(match(route.method, "/v1.41" + target).index, i, "%s", what.c_str());
  }
  cr_expect_eq(routes().back().pattern, "other");
  cr_expect(routes().back().access == Access::clients);
}

Test(routes, say_what_comes_and_what_changes) {
  const struct {
    std::string method;
    std::string target;
    Flow flow = Flow::exchange;
    Effect effect = Effect::none;
    Parameters parameters = Parameters::none;
    Access access = Access::everyone;
  } requests[] = {
      {"GET", "/_ping"},
      {"GET", "/version"},
      {"GET", "/info"},
      {"GET", "/containers/json"},
      {"GET", "/events", Flow::stream},
      {"POST", "/session", Flow::hijack, Effect::none, Parameters::none, Access::clients},
      {"POST", "/containers/c/wait", Flow::stream, Effect::none, Parameters::form},
      {"GET", "/containers/c/logs", Flow::stream},
      {"POST", "/containers/c/attach", Flow::hijack, Effect::none, Parameters::form},
      {"POST", "/containers/c/exec"},
      {"POST", "/exec/e/start", Flow::hijack},
      {"POST", "/containers/create", Flow::exchange, Effect::create, Parameters::query},
      {"POST", "/containers/c/start", Flow::exchange, Effect::container, Parameters::form},
      {"DELETE", "/containers/c", Flow::exchange, Effect::container},
      {"POST", "/containers/prune", Flow::exchange, Effect::containers, Parameters::form},
      {"POST", "/containers/c/rename", Flow::exchange, Effect::containers, Parameters::form},
      {"POST", "/commit", Flow::exchange, Effect::containers, Parameters::query},
      {"POST", "/images/a/b/tag", Flow::exchange, Effect::containers, Parameters::form},
      {"POST", "/images/a/b/push", Flow::exchange, Effect::none, Parameters::form},
      {"GET", "/images/a/b/get"},
      {"POST", "/networks/n/connect", Flow::exchange, Effect::containers},
      {"POST", "/volumes/create"},
      {"DELETE", "/volumes/v"},
      {"POST", "/swarm/init", Flow::exchange, Effect::none, Parameters::none, Access::clients},
      {"GET", "/nodes/n", Flow::exchange, Effect::none, Parameters::none, Access::clients},
      {"POST", "/drover/v1/join", Flow::exchange, Effect::none, Parameters::none,
       Access::strangers},
      {"GET", "/unheard-of", Flow::exchange, Effect::none, Parameters::none, Access::clients},
  };
  for (const auto& each : requests) {
    const Route& route = match(each.method, each.target).route();
    bool right = route.flow == each.flow && route.effect == each.effect &&
                 route.parameters == each.parameters && route.access == each.access;
    cr_expect(right, "%s %s", each.method.c_str(), each.target.c_str());
  }
}

Test(routes, a_form_is_read_where_the_engine_reads_one) {
  for (std::string target : {"/containers/a/rename", "/containers/a/stop", "/containers/prune",
                             "/images/create", "/images/a/tag", "/images/a/push", "/build"}) {
    cr_expect(parametersOf("POST", target) == Parameters::form, "%s", target.c_str());
  }
  for (std::string target : {"/containers/create", "/containers/a/exec", "/containers/a/update",
                             "/volumes/create", "/swarm/init", "/auth", "/commit", "/else"}) {
    cr_expect(parametersOf("POST", target) != Parameters::form, "%s", target.c_str());
  }
  cr_expect(parametersOf("DELETE", "/containers/a") == Parameters::none);
  cr_expect(parametersOf("POST", "/containers/create") == Parameters::query);
  cr_expect(parametersOf("POST", "/commit") == Parameters::query);
}
