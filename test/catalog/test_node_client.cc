// One node called: what it is asked, what came of it, and what our list of containers hears.

#include "catalog/node_client.h"

#include <criterion/criterion.h>

#include <functional>
#include <vector>

#include "base/log.h"
#include "docker/container_list_cache.h"
#include "docker/engine.h"
#include "docker/engine_state.h"
#include "test/fake_docker.h"

using namespace test;
using catalog::NodeClient;
using catalog::NodeReply;

namespace {

std::string answer(int status, const std::string& body = "") {
  return "HTTP/1.1 " + std::to_string(status) +
         " So\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

template <class Fault>
bool throws(const NodeReply& reply) {
  try {
    reply.throwFault();
  } catch (const Fault&) {
    return true;
  }
  return false;
}

// Has seen what it is told.
struct Witness : cluster::Causality {
  std::string seen() const override { return saw; }
  std::string published() const override { return {}; }
  base::Task<bool> catchUp(cluster::NodeId, std::string) override { co_return true; }
  base::Task<bool> untilRecords(std::function<bool()> holds, base::milliseconds) override {
    co_return holds();
  }
  std::string saw;
};

struct Fixture {
  Fixture() {
    other.name = "other";
    other.http = std::make_shared<docker::Engine>(stage.loop, there.path(), milliseconds(1000),
                                                  base::HttpLimits());
    lists.onChange([this](docker::Effect effect) { marked.push_back(effect); });
  }
  ~Fixture() { stage.cancel(); }

  void answersAlways(int status, const std::string& body = "") {
    for (FakeDocker* each : {&docker, &there})
      each->answerWith([=](const std::string&) { return answer(status, body); });
  }
  // Of a start, and of an inspection, on the other node.
  NodeReply start() { return stage.run(client.start(other, "web")); }
  NodeReply inspect() { return stage.run(client.inspect(other, "web")); }

  Stage stage;
  Witness witness;
  FakeDocker docker{stage}, there{stage};
  base::Fd nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  base::Log log{nowhere.get()};
  docker::Engine engine{stage.loop, docker.path(), milliseconds(1000), {}};
  docker::EngineState state{stage.loop, engine, log};
  docker::ContainerListCache lists{stage.loop, engine, state, log, 1'000'000};
  docker::LocalEngine local{engine, state, lists};
  NodeClient client{local};
  cluster::Node other;
  std::vector<docker::Effect> marked;  // what our list was told
};

}  // namespace

Test(node_client, asks_the_engine_of_this_host_or_the_droverd_of_another) {
  using Call = std::function<base::Task<NodeReply>(NodeClient&, cluster::Node)>;
  const struct {
    Call call;
    std::string asks;
    std::vector<docker::Effect> marks = {};
  } calls[] = {
      {[](NodeClient& client, cluster::Node node) { return client.inspect(node, "web"); },
       "GET /containers/web/json HTTP/1.1"},
      {[](NodeClient& client, cluster::Node node) { return client.get(node, "/volumes/data"); },
       "GET /volumes/data HTTP/1.1"},
      {[](NodeClient& client, cluster::Node node) { return client.start(node, "web"); },
       "POST /containers/web/start HTTP/1.1",
       {docker::Effect::container}},
      {[](NodeClient& client, cluster::Node node) { return client.stop(node, "web"); },
       "POST /containers/web/stop HTTP/1.1",
       {docker::Effect::container}},
      {[](NodeClient& client, cluster::Node node) { return client.remove(node, "web"); },
       "DELETE /containers/web?force=1 HTTP/1.1",
       {docker::Effect::container}},
      {[](NodeClient& client, cluster::Node node) { return client.rename(node, "web", "b&c"); },
       "POST /containers/web/rename?name=b%26c HTTP/1.1",
       {docker::Effect::containers}},
      {[](NodeClient& client, cluster::Node node) { return client.start(node, "a/../b?c"); },
       "POST /containers/a%2F..%2Fb%3Fc/start HTTP/1.1",
       {docker::Effect::container}},
  };
  for (const auto& each : calls) {
    for (bool self : {true, false}) {
      Fixture fixture;
      std::string heard;
      FakeDocker& asked = self ? fixture.docker : fixture.there;
      asked.answerWith([&heard](const std::string& startLine) {
        heard = startLine;
        return answer(204);
      });
      cluster::Node node = self ? NodeClient::here() : fixture.other;
      NodeReply reply = fixture.stage.run(each.call(fixture.client, node));
      cr_expect(reply.done);
      cr_expect_eq(reply.status, 204);
      cr_expect_eq(reply.node.name, self ? "" : "other");
      cr_expect_eq(heard, each.asks, "%s", heard.c_str());
      // When the answer is there, and when the call has ended.
      bool isTold = !self || each.marks.empty() ? fixture.marked.empty()
                                                : fixture.marked.size() == 2 &&
                                                      fixture.marked.front() == each.marks.front();
      cr_expect(isTold, "%s", each.asks.c_str());
    }
  }
}

Test(node_client, is_done_what_is_so_already_and_what_is_gone_is_removed) {
  const struct {
    int status;
    bool started, removed;
  } answers[] = {{200, true, true},   {204, true, true},   {304, true, true},
                 {404, false, true},  {409, false, false}, {500, false, false},
                 {503, false, false}, {400, false, false}};
  for (const auto& each : answers) {
    Fixture fixture;
    fixture.answersAlways(each.status, each.status == 204 || each.status == 304
                                           ? std::string()
                                           : "{\"message\":\"so it is\"}\n");
    NodeReply started = fixture.start();
    NodeReply removed = fixture.stage.run(fixture.client.remove(fixture.other, "web"));
    cr_expect_eq(started.done, each.started, "%d", each.status);
    cr_expect_eq(removed.done, each.removed, "%d", each.status);
    if (!started.done) cr_expect_eq(started.why(), "so it is");
    started.throwFault();
  }
}

Test(node_client, knows_that_who_was_not_reached_has_done_nothing) {
  Fixture fixture;
  fixture.there.stopListening();
  NodeReply reply = fixture.start();
  cr_expect(!reply.done && reply.unreachable && !reply.outcomeUnknown());
  cr_expect_eq(reply.status, 0);
  cr_expect(reply.why().starts_with("Cannot connect"), "%s", reply.why().c_str());
  cr_expect(throws<base::Unreachable>(reply));
  cr_expect(!NodeReply().outcomeUnknown());  // nor who was not asked
}

Test(node_client, does_not_know_what_came_of_a_call_that_was_broken_off) {
  Fixture fixture;
  fixture.there.next({hears("POST /containers/web/start")});
  NodeReply reply = fixture.start();
  cr_expect(!reply.done && !reply.unreachable && reply.outcomeUnknown());
  cr_expect_eq(reply.status, 0);
  cr_expect(!reply.why().empty());
  cr_expect(throws<base::StreamError>(reply));
}

Test(node_client, does_not_know_what_came_of_a_call_whose_engine_broke_off) {
  for (int status : {500, 503}) {
    Fixture fixture;
    fixture.answersAlways(status, "{\"message\":\"so it is\"}\n");
    NodeReply reply = fixture.start();
    cr_expect_not(reply.done);
    cr_expect_eq(reply.outcomeUnknown(), status == 503);
    cr_expect_eq(reply.why(), "so it is");
    cr_expect(!throws<std::exception>(reply));
  }
}

Test(node_client, takes_no_answer_that_is_too_large) {
  Fixture fixture;
  fixture.answersAlways(200, std::string(catalog::maxAnswer, ' '));
  cr_expect_eq(fixture.inspect().status, 200);
  fixture.answersAlways(200, std::string(catalog::maxAnswer + 1, ' '));
  NodeReply reply = fixture.inspect();
  cr_expect_eq(reply.status, 0);
  cr_expect_eq(reply.why(), "its answer is too large");
}

// An idle connection may be closed just as it is taken.
Test(node_client, never_says_a_change_twice) {
  Fixture fixture;
  fixture.answersAlways(204);
  fixture.inspect();
  fixture.inspect();
  cr_expect_eq(fixture.there.connections(), 1);
  fixture.start();
  cr_expect_eq(fixture.there.connections(), 2);
  fixture.stage.run(
      catalog::postToPeer(fixture.witness, fixture.other, "/drover/v1/rebalance", ""));
  cr_expect_eq(fixture.there.connections(), 3);
}

Test(node_client, asks_other_nodes_in_json) {
  Fixture fixture;
  fixture.answersAlways(200);
  std::string request = "{\"name\":\"web\"}";
  NodeReply reply = fixture.stage.run(
      catalog::postToPeer(fixture.witness, fixture.other, "/drover/v1/take-name", request));
  cr_expect(reply.done);
  cr_expect(fixture.there.lastHead().starts_with("POST /drover/v1/take-name HTTP/1.1\r\n"));
  cr_expect(fixture.there.lastHead().find("Content-Type: application/json\r\n") !=
            std::string::npos);
  cr_expect_eq(fixture.there.lastBody(), request);
}

Test(node_client, tells_other_nodes_what_we_have_seen_if_there_is_anything) {
  Fixture fixture;
  fixture.answersAlways(200);
  fixture.stage.run(
      catalog::postToPeer(fixture.witness, fixture.other, "/drover/v1/rebalance", ""));
  cr_expect_eq(fixture.there.lastHead().find("Drover-Seen"), std::string::npos);
  fixture.witness.saw = "what";
  fixture.stage.run(
      catalog::postToPeer(fixture.witness, fixture.other, "/drover/v1/rebalance", ""));
  cr_expect_neq(fixture.there.lastHead().find("\r\nDrover-Seen: what\r\n"), std::string::npos);
}
