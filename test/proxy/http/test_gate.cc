#include "proxy/http/gate.h"

#include <criterion/criterion.h>

#include <set>
#include <string>

#include "proxy/api/routes.h"

using namespace proxy;

namespace {

constexpr Sender senders[] = {Sender::local, Sender::client, Sender::stranger, Sender::node,
                              Sender::removed};

struct Asked {
  explicit Asked(const std::string& text) { reader.feedHead(text); }
  Passage pass(Sender sender) { return proxy::pass(routes(), sender, reader.head()); }
  base::MessageReader reader{base::MessageReader::Kind::request, {}};
};

Passage ask(Sender sender, const std::string& line, const std::string& headers = "") {
  Asked asked(line + " HTTP/1.1\r\nHost: d\r\n" + headers + "\r\n");
  Passage passage = asked.pass(sender);
  passage.route = RouteMatch{passage.route.row, passage.route.index, {}, {}, {}};
  return passage;
}

// A target that the row describes.
std::string targetOf(const Route& route) {
  if (route.pattern == "other") return "/unheard-of";
  std::string target(route.pattern);
  for (size_t at; (at = target.find('{')) != std::string::npos;)
    target.replace(at, target.find('}') + 1 - at, "some");
  return target;
}

// docs/design/gate.md, written down once more.
bool mayPass(Sender sender, const Route& route) {
  std::string pattern(route.pattern);
  std::string first = pattern.substr(0, pattern.find('/', 1));
  static const std::set<std::string> clusters = {"/swarm",   "/nodes",   "/services", "/tasks",
                                                 "/secrets", "/configs", "/session",  "/grpc"};
  bool certificates = pattern == "/drover/v1/client-certificate";
  bool isAdmission = pattern == "/drover/v1/cluster" || pattern == "/drover/v1/join";
  switch (sender) {
    case Sender::local:
      return true;
    case Sender::client:
      return !certificates;
    case Sender::stranger:
      return isAdmission;
    case Sender::removed:
      return false;
    case Sender::node:
      return !certificates && pattern != "other" && !clusters.contains(first) &&
             pattern != "/drover/placement" && pattern != "/drover/rebalance";
  }
  return false;
}

}  // namespace

// A node's word that it has seen records counts where a call is passed on to; a client has none.
Test(gate, what_has_been_seen_is_heard_from_nodes_only) {
  std::string head =
      "POST /containers/web/start HTTP/1.1\r\nHost: d\r\ndrover-seen: a\r\nX-Own: b\r\n"
      "Drover-Seen: c\r\n\r\n";
  for (Sender sender : senders) {
    Asked asked(head);
    asked.pass(sender);
    cr_expect_eq(asked.reader.head().find("Drover-Seen").has_value(), sender == Sender::node);
    cr_expect_eq(asked.reader.head().find("X-Own").value_or(""), "b");
  }
}

Test(gate, every_route_is_open_to_those_the_table_says_and_to_nobody_else) {
  for (size_t i = 0; i < routes().size(); i++) {
    const Route& route = routes()[i];
    std::string method(route.method.empty() ? "GET" : route.method);
    std::string target = targetOf(route);
    char escape[4];
    std::snprintf(escape, sizeof escape, "%%%02x", static_cast<unsigned char>(target[1]));
    std::string spelled = "/" + (escape + target.substr(2));
    for (Sender sender : senders) {
      for (const std::string& each :
           {target, "/v1.41" + target, spelled, "http://host" + target, "/v1.41" + spelled}) {
        Passage passage = ask(sender, method + " " + each);
        cr_expect_eq(passage.route.index, i, "%s", each.c_str());
        bool open = passage.status == 0;
        cr_expect_eq(open, mayPass(sender, route), "sender %d: %s %s", static_cast<int>(sender),
                     method.c_str(), each.c_str());
        if (!open) cr_expect(passage.status == 403 && !passage.message.empty());
      }
    }
  }
}

Test(gate, what_passes_has_its_canonical_target) {
  Asked asked("POST /v1.41/containers/%63reate?name=x HTTP/1.1\r\nHost: d\r\nX: y\r\n\r\n");
  Passage passage = asked.pass(Sender::local);
  cr_expect_eq(passage.status, 0);
  cr_expect_eq(passage.route.route().pattern, "/containers/create");
  cr_expect_eq(passage.route.query, "name=x");
  cr_expect_eq(asked.reader.head().target(), "/v1.41/containers/create?name=x");
  cr_expect_eq(asked.reader.head().find("X").value_or(""), "y");
  asked.reader.reset();
  asked.reader.feedHead("GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
  cr_expect_eq(asked.reader.head().target(), "/_ping");
}

Test(gate, a_path_that_is_not_clean_is_sent_where_it_is_for_those_who_may_send_anything) {
  Passage moved = ask(Sender::client, "GET /images//a/json?x");
  cr_expect_eq(moved.status, 301);
  cr_expect_eq(moved.message, "/images/a/json?x");
  for (Sender sender : {Sender::stranger, Sender::node, Sender::removed})
    cr_expect_eq(ask(sender, "GET /images//a/json").status, 403);
}

Test(gate, expectations_other_than_100_continue_fail) {
  for (std::string value : {"200-ok", "100-continued", "x100-continue", "100-continue;q=1"}) {
    Passage passage = ask(Sender::local, "POST /containers/create", "Expect: " + value + "\r\n");
    cr_expect(passage.status == 417 && passage.close, "%s", value.c_str());
  }
  for (std::string value : {"", "100-continue", "100-Continue", "x, 100-continue"}) {
    Passage passage = ask(Sender::local, "POST /containers/create", "Expect: " + value + "\r\n");
    cr_expect_eq(passage.status, 0, "%s", value.c_str());
  }
}

Test(gate, http_2_is_for_clients_of_an_engine_that_speaks_it) {
  for (Sender sender : senders) {
    bool isClient = sender == Sender::local || sender == Sender::client;
    for (std::string version : {"", "1.41", "1.51", "x"})
      cr_expect_not(mayTunnelHttp2(sender, version), "%s", version.c_str());
    for (std::string version : {"1.52", "1.53", "2.0"})
      cr_expect_eq(mayTunnelHttp2(sender, version), isClient, "%s", version.c_str());
  }
  std::string upgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\n";
  cr_expect_eq(ask(Sender::node, "GET /info", upgrade).status, 403);
  cr_expect_eq(ask(Sender::node, "POST /containers/a/attach", upgrade).status, 403);
  cr_expect_eq(ask(Sender::local, "POST /session", upgrade).status, 0);
}
