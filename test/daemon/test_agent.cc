// A node's life in a cluster: whole droverds on loopback addresses, with real TLS and datagrams.

#include "cluster/agent/agent.h"

#include <criterion/criterion.h>

#include <string>

#include "cluster/ca/join_token.h"
#include "test/cluster_checks.h"

using namespace cluster;
using namespace test;

namespace {

using Verdict = ClaimResult::Verdict;

const NodeView* viewOf(const std::vector<NodeView>& views, const std::string& name) {
  for (const NodeView& view : views) {
    if (view.name == name) return &view;
  }
  return nullptr;
}

NodeRecord recordOf(Host& seer, const std::string& name) {
  std::vector<NodeView> views = seer.agent().nodeViews();
  const NodeView* view = viewOf(views, name);
  return view ? view->record : NodeRecord();
}

// Who goes to a node's listener for peers with a certificate of his own making, or none.
base::Task<> leave(Agent& agent, bool& left) {
  co_await agent.leave();
  left = true;
}

base::Task<> ask(base::HttpClient& way, base::HttpCall question, int& status) {
  base::HttpReply reply = co_await way.call(std::move(question));
  status = reply.status;
}

base::Task<> claim(Agent& agent, bool& over, ClaimResult& result) {
  result = co_await agent.claim("name/web", "a");
  over = true;
}

}  // namespace

Test(agent, init_makes_a_cluster_of_one) {
  Hosts hosts(1, false);
  Agent& agent = hosts.one().agent();
  cr_expect_not(agent.clustered());
  std::vector<Node> alone = agent.nodes();
  cr_assert_eq(alone.size(), 1);
  cr_expect(alone[0].self && alone[0].up && !alone[0].http);

  NodeId id = agent.init(hosts.one().place(), {"{}"}, "drain");
  cr_expect(agent.clustered());
  cr_expect_eq(agent.self().text(), id.text());
  std::vector<NodeView> views = agent.nodeViews();
  cr_assert_eq(views.size(), 1);
  cr_expect(views[0].self);
  cr_expect_eq(views[0].api.text(), hosts.one().api());
  cr_expect_eq(views[0].record.availability, "drain");
  cr_expect_eq(agent.config().serial, 1);
  cr_expect(parseJoinToken(agent.workerToken()).token);
  cr_expect_neq(agent.workerToken(), agent.managerToken());
  try {
    agent.init(hosts.one().place(), {"{}"}, "active");
    cr_expect_fail("a second cluster was made");
  } catch (const AgentError& refused) {
    cr_expect_eq(refused.status(), 503);
    cr_expect(holds(refused.what(), "already part of a swarm"), "%s", refused.what());
  }
  cr_expect_eq(agent.self().text(), id.text());
}

Test(agent, who_is_in_no_cluster_says_how_to_get_into_one) {
  Hosts hosts(1, false);
  Agent& agent = hosts.one().agent();
  for (const std::function<void()>& question : std::vector<std::function<void()>>{
           [&] { agent.config(); }, [&] { agent.self(); }, [&] { agent.nodeViews(); },
           [&] { agent.rotateAuthority(); }, [&] { agent.workerToken(); }}) {
    try {
      question();
      cr_expect_fail("there is an answer");
    } catch (const AgentError& refused) {
      cr_expect_eq(refused.status(), 503);
      cr_expect(holds(refused.what(), "docker swarm init"), "%s", refused.what());
    }
  }
  agent.put("key", "value");  // nobody to tell
  agent.erase("key");
  agent.finishReload();
  agent.release("key", "holder");
}

Test(agent, a_failed_init_leaves_no_half_of_a_cluster) {
  Hosts hosts(1, false);
  Host& host = hosts.one();
  base::Fd inTheWay = base::listenTcp(host.address, apiPort);
  base::HttpReply reply = host.init();
  cr_expect_eq(reply.status, 500, "%s", reply.body.c_str());
  cr_expect(holds(reply.body, std::to_string(apiPort)), "%s", reply.body.c_str());
  cr_expect_not(host.agent().clustered());
  inTheWay = base::Fd();
  cr_expect_eq(host.init().status, 200);
  cr_expect(host.agent().clustered());
}

Test(agent, three_nodes_know_each_other) {
  Hosts hosts(3);
  for (const std::unique_ptr<Host>& host : hosts.hosts) {
    std::vector<NodeView> views = host->agent().nodeViews();
    cr_expect_eq(views.size(), 3);
    for (const std::unique_ptr<Host>& other : hosts.hosts) {
      const NodeView* view = viewOf(views, other->name());
      cr_assert(view);
      cr_expect_eq(view->self, host == other);
      cr_expect_eq(view->api.text(), other->api());
      cr_expect_eq(view->record.engineId, "ENGINE-" + other->name());
      cr_expect_eq(view->record.cpus, 2);
      cr_expect_eq(view->record.engineLabels.at("disk"), "fast");
    }
    cr_expect_eq(host->agent().nodes().size(), 3);
    cr_expect(host->agent().config() == hosts.one().agent().config());
  }
}

Test(agent, who_shows_a_wrong_token_is_not_let_in) {
  Hosts hosts(2, false);
  hosts.one().init();
  Agent& agent = hosts.one().agent();
  JoinToken token = std::move(*parseJoinToken(agent.workerToken()).token);
  const std::string guessed = textOf({token.authority, makeTokenSecret()});
  const std::string elsewhere =
      textOf({digestOf(makeAuthority(wallNow()).certificate), std::move(token.secret)});

  base::HttpReply reply = hosts.two().join(hosts.one().api(), guessed);
  cr_expect_eq(reply.status, 403);
  cr_expect(holds(reply.body, "this join token is not valid here"), "%s", reply.body.c_str());
  reply = hosts.two().join(hosts.one().api(), elsewhere);
  cr_expect_eq(reply.status, 503);
  reply = hosts.two().join(hosts.one().api(), "SWMTKN-1-xyz");
  cr_expect_eq(reply.status, 400);
  cr_expect(holds(reply.body, "invalid join token"), "%s", reply.body.c_str());
  reply = hosts.two().join(loopback(9) + ":1", agent.workerToken());
  cr_expect_eq(reply.status, 503);
  cr_expect(holds(reply.body, loopback(9) + ":1"), "%s", reply.body.c_str());

  cr_expect_not(hosts.two().agent().clustered());
  cr_expect_eq(agent.nodeViews().size(), 1);
  cr_expect_eq(hosts.two().join(hosts.one().api(), agent.managerToken()).status, 200);
  hosts.settle();
}

Test(agent, no_cluster_is_made_while_another_is_being_joined) {
  Hosts hosts(2, false);
  hosts.one().init();
  Agent& two = hosts.two().agent();
  std::string made = "nothing";
  std::string token = hosts.one().agent().workerToken();
  hosts.stage.start(two.join(hosts.two().place(), {hosts.one().api()}, token, "active"));
  try {
    two.init(hosts.two().place(), {"{}"}, "active");
  } catch (const AgentError& refused) {
    made = refused.what();
  }
  cr_expect(holds(made, "joining"), "%s", made.c_str());
  hosts.stage.until([&] { return two.clustered(); });
  hosts.settle();
  cr_expect_eq(two.config().id, hosts.one().agent().config().id);
}

Test(agent, who_leaves_is_told_to_all_and_may_come_back_as_another) {
  Hosts hosts(3);
  std::string before = hosts.two().id();
  bool left = false;
  hosts.stage.start(leave(hosts.two().agent(), left));
  // While it says goodbye its clients are served as before.
  cr_expect_eq(hosts.two().ask("GET", "/containers/none/json").status, 404);
  cr_expect_not(left);
  hosts.stage.until([&] { return left; });

  cr_expect_not(hosts.two().agent().clustered());
  hosts.sees(hosts.one(), "host-2", Status::left);
  hosts.sees(hosts.three(), "host-2", Status::left);
  cr_expect_eq(hosts.one().agent().nodes().size(), 2);
  hosts.two().kill();
  hosts.two().start();
  cr_expect_not(hosts.two().agent().clustered(), "it forgot that it left");

  std::string token = hosts.one().agent().workerToken();
  cr_expect_eq(hosts.two().join(hosts.three().api(), token).status, 200);
  cr_expect_neq(hosts.two().id(), before);
  hosts.stage.until([&] { return hosts.one().agent().nodes().size() == 3; });
}

Test(agent, a_restarted_node_is_the_same_one) {
  Hosts hosts(3);
  Host& two = hosts.two();
  NodeId id = two.agent().self();
  two.agent().put("test/key", "kept");
  hosts.stage.until([&] { return knows(hosts.three(), id, "test/key", "kept"); });
  uint64_t version = two.agent().state().ownVersion();
  two.kill();
  hosts.sees(hosts.one(), "host-2", Status::failed);
  cr_expect(knows(hosts.one(), id, "test/key", "kept"), "what it said is known while it is down");

  two.start();
  cr_expect_eq(two.agent().self().text(), id.text());
  cr_expect_gt(two.agent().state().ownVersion(), version);
  hosts.sees(hosts.one(), "host-2", Status::alive);
  hosts.sees(hosts.three(), "host-2", Status::alive);
  // What it does not say again is void.
  hosts.stage.until([&] { return !hosts.three().agent().state().find(id, "test/key"); });
  hosts.settle();
}

Test(agent, a_node_that_dies_just_after_it_admitted_others_knows_them_again) {
  Hosts hosts(3);
  hosts.one().kill();
  hosts.one().start();
  cr_expect_eq(hosts.one().agent().nodes().size(), 3, "alone it would be its own majority");
  for (const char* name : {"host-2", "host-3"}) hosts.sees(hosts.one(), name, Status::alive);
}

Test(agent, a_removed_node_is_refused_for_good) {
  Hosts hosts(3);
  NodeId gone = hosts.three().agent().self();
  std::shared_ptr<base::HttpClient> way;
  for (Node& each : hosts.three().agent().nodes()) {
    if (each.name == "host-2") way = each.http;
  }
  base::HttpCall question = base::httpGet("/containers/json", milliseconds(5000), 100'000);
  cr_expect_eq(hosts.stage.run(way->call(question)).status, 200);

  try {
    hosts.one().agent().removeNode(gone, false);
    cr_expect_fail("it was removed");
  } catch (const AgentError& refused) {
    cr_expect_eq(refused.status(), 400);
    cr_expect(holds(refused.what(), "is not down and can't be removed"), "%s", refused.what());
  }
  hosts.one().agent().removeNode(gone, true);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    hosts.stage.until([&] { return each->agent().nodeViews().size() == 2; });
    cr_expect_null(each->agent().state().find(gone, "node"));
  }
  // Not on a connection that was open before, either.
  int status = 0;
  std::string why = hosts.stage.faultOf(ask(*way, question, status));
  cr_expect(!why.empty() || status == 403, "%d", status);

  hosts.three().kill();
  hosts.three().start();
  // It is told why nobody answers it.
  hosts.stage.until([&] { return holds(hosts.three().agent().error(), "was removed"); });
  cr_expect_eq(hosts.two().agent().nodeViews().size(), 2);
  hosts.stage.run(hosts.three().agent().leave());
  std::string token = hosts.one().agent().workerToken();
  cr_expect_eq(hosts.three().join(hosts.two().api(), token).status, 200);
  hosts.stage.until([&] { return hosts.one().agent().nodeViews().size() == 3; });
}

Test(agent, nobody_removes_himself_or_whom_he_does_not_know) {
  Hosts hosts(1);
  NodeId unknown = *NodeId::parse(std::string(NodeId::length, 'u'));
  const std::pair<NodeId, int> cases[] = {{hosts.one().agent().self(), 400}, {unknown, 404}};
  for (const auto& [id, status] : cases) {
    try {
      hosts.one().agent().removeNode(id, true);
      cr_expect_fail("it was removed");
    } catch (const AgentError& refused) {
      cr_expect_eq(refused.status(), status);
    }
  }
  cr_expect_eq(hosts.one().agent().nodes().size(), 1);
}

Test(agent, a_node_is_updated_by_way_of_any_other) {
  Hosts hosts(2);
  NodeId two = hosts.two().agent().self();
  hosts.stage.run(hosts.one().agent().updateNode(two, "drain", {{"disk", "ssd"}, {"empty", ""}}));
  hosts.stage.until([&] { return recordOf(hosts.one(), "host-2").availability == "drain"; });
  std::map<std::string, std::string> labels = {{"disk", "ssd"}, {"empty", ""}};
  cr_expect(recordOf(hosts.one(), "host-2").labels == labels);
  cr_expect_eq(recordOf(hosts.one(), "host-2").engineId, "ENGINE-host-2", "facts stay");

  hosts.two().kill();
  hosts.two().start();
  cr_expect_eq(recordOf(hosts.two(), "host-2").availability, "drain");
  cr_expect(recordOf(hosts.two(), "host-2").labels == labels);

  NodeId unknown = *NodeId::parse(std::string(NodeId::length, 'u'));
  std::string why = hosts.stage.faultOf(hosts.one().agent().updateNode(unknown, "active", {}));
  cr_expect(holds(why, "not found"), "%s", why.c_str());
  hosts.two().kill();
  hosts.sees(hosts.one(), "host-2", Status::failed);
  why = hosts.stage.faultOf(hosts.one().agent().updateNode(two, "active", {}));
  cr_expect(holds(why, "host-2 is down"), "%s", why.c_str());
}

Test(agent, a_changed_configuration_is_taken_over_by_all) {
  Hosts hosts(3);
  std::string old = hosts.one().agent().workerToken();
  hosts.two().agent().changeConfig([](ClusterConfig& config) {
    config.workerSecret = makeTokenSecret().reveal();
    config.options.spec = R"({"Name":"changed"})";
  });
  for (const std::unique_ptr<Host>& host : hosts.hosts) {
    hosts.stage.until([&] { return host->agent().config().serial == 2; });
    cr_expect(host->agent().config() == hosts.two().agent().config());
  }
  cr_expect_neq(hosts.one().agent().workerToken(), old);
  // It outlives a restart, and whoever changed it.
  hosts.two().kill();
  hosts.three().kill();
  hosts.three().start();
  cr_expect_eq(hosts.three().agent().config().options.spec, R"({"Name":"changed"})");
  cr_expect_eq(hosts.three().agent().config().writer.text(),
               hosts.one().agent().config().writer.text());
}

Test(agent, of_two_changes_at_once_all_take_the_same) {
  Hosts hosts(3);
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    each->agent().changeConfig([&](ClusterConfig& config) {
      config.options.spec = "{\"Name\":\"" + each->name() + "\"}";
    });
  }
  hosts.stage.until([&] {
    const ClusterConfig& first = hosts.one().agent().config();
    return first == hosts.two().agent().config() && first == hosts.three().agent().config();
  });
  NodeId writer = std::max(hosts.one().agent().self(), hosts.two().agent().self());
  cr_expect_eq(hosts.three().agent().config().writer.text(), writer.text());
}

Test(agent, a_configuration_that_nobody_could_read_is_not_taken) {
  Hosts hosts(1);
  Agent& agent = hosts.one().agent();
  try {
    agent.changeConfig([](ClusterConfig& config) {
      config.options.spec = "{\"Name\":\"" + std::string(300'000, 'x') + "\"}";
    });
    cr_expect_fail("it was taken");
  } catch (const AgentError& refused) {
    cr_expect_eq(refused.status(), 400);
  }
  cr_expect_eq(agent.config().serial, 1);
  hosts.one().kill();
  hosts.one().start();
  cr_expect(hosts.one().agent().clustered());
}

Test(agent, what_is_put_is_seen_by_all_until_it_is_erased) {
  Hosts hosts(3);
  NodeId one = hosts.one().agent().self();
  const std::string large(200'000, 'L');  // too much for datagrams
  hosts.one().agent().put("test/small", "1");
  hosts.one().agent().put("test/large", large);
  for (Host* each : {&hosts.two(), &hosts.three()}) {
    hosts.stage.until([&] {
      return knows(*each, one, "test/small", "1") && knows(*each, one, "test/large", large);
    });
  }
  hosts.one().agent().put("test/small", "2");
  hosts.one().agent().erase("test/large");
  for (Host* each : {&hosts.two(), &hosts.three()}) {
    hosts.stage.until([&] {
      return knows(*each, one, "test/small", "2") && !each->agent().state().find(one, "test/large");
    });
  }
}

Test(agent, a_name_is_granted_once) {
  Hosts hosts(3);
  auto claim = [&](Host& host, const std::string& holder) {
    return hosts.stage.run(host.agent().claim("name/web", holder));
  };
  cr_expect(claim(hosts.one(), "a").verdict == Verdict::granted);
  ClaimResult refused = claim(hosts.two(), "b");
  cr_expect(refused.verdict == Verdict::held);
  cr_expect_eq(refused.holder, "a");
  cr_expect(claim(hosts.one(), "a").verdict == Verdict::granted, "its holder may ask again");
  hosts.one().agent().release("name/web", "a");
  hosts.stage.until([&] { return claim(hosts.three(), "c").verdict == Verdict::granted; });

  // A record stands for a name, too.
  hosts.two().engine.run("db");
  hosts.knows(hosts.one(), "db");
  hosts.knows(hosts.three(), "db");
  refused = hosts.stage.run(hosts.one().agent().claim("name/db", "x"));
  cr_expect(refused.verdict == Verdict::held);
  cr_expect_eq(refused.holder, hosts.two().engine.idFor("db"));
}

Test(agent, claims_end_when_their_node_leaves_meanwhile) {
  Hosts hosts(3);
  hosts.two().kill();
  hosts.three().kill();
  bool over = false;
  ClaimResult result;
  hosts.stage.start(claim(hosts.one().agent(), over, result));
  hosts.stage.run(hosts.one().agent().leave());
  hosts.stage.until([&] { return over; });
  cr_expect(result.verdict == Verdict::unreachable);
}
