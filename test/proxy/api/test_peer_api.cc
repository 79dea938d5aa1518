// What nodes ask of each other: who may ask for what, and how much they may say.

#include "proxy/api/peer_api.h"

#include <criterion/criterion.h>

#include <string>

#include "cluster/ca/certificates.h"
#include "cluster/ca/join_token.h"
#include "cluster/state/seen.h"
#include "cluster/transport/peer_network.h"
#include "cluster/wire.pb.h"
#include "test/cluster_house.h"

using namespace test;

namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// At the door for peers of a cluster's one host: with a certificate of the cluster or without one.
struct Door {
  explicit Door(bool known) {
    const cluster::ClusterConfig& config = host.agent().config();
    options.role = base::TlsOptions::Role::client;
    options.authorities = config.authorities.front();
    if (!known) return;
    cluster::Credentials authority{config.authorities.front(),
                                   cluster::Secret(config.authorityKey)};
    cluster::Terms terms{
        .node = id,
        .cluster = config.id,
        .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())};
    options.certificate =
        cluster::signRequest(cluster::makeRequest(key, id, config.id), authority, terms);
  }
  ~Door() { hosts.stage.cancel(); }

  // Status and body of the answer.
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& body = "", const std::string& headers = "") {
    if (!options.certificate.empty()) options.key = key.reveal();
    tls = std::make_shared<base::TlsContext>(base::TlsContext::inMemory(options));
    base::HttpClient client(
        hosts.stage.loop, "node", [this] { return connect(); }, base::HttpLimits(), 1);
    base::HttpCall call;
    call.method = method;
    call.target = target;
    call.headers = headers;
    call.body = body;
    call.idempotent = false;
    try {
      base::HttpReply reply = hosts.stage.run(client.call(std::move(call)));
      return std::to_string(reply.status) + " " + reply.body;
    } catch (const std::exception& failed) {
      return failed.what();
    }
  }

  base::Task<std::unique_ptr<base::Stream>> connect() {
    std::unique_ptr<base::Stream> stream =
        co_await base::Stream::connectTcp(hosts.stage.loop, host.address, apiPort, patience);
    co_await stream->connectTls(*tls, "", patience);
    co_return stream;
  }

  // What joins by the worker's token, with `change` made to it.
  std::string joinRequest(const std::string& from = "", const std::string& to = "") {
    base::JsonWriter json;
    json.object().member("secret", host.agent().config().workerSecret);
    json.member("certificateRequest", cluster::makeRequest(key, id, host.agent().config().id));
    json.member("id", id.text()).member("name", "newcomer").member("ip", "127.9.9.9");
    json.member("gossipPort", 7946).member("apiPort", 2377).member("wireVersion", 1).endObject();
    std::string text = json.text();
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    return text;
  }

  Hosts hosts{1};
  Host& host = hosts.one();
  cluster::NodeId id = *cluster::NodeId::parse(std::string(cluster::NodeId::length, 'v'));
  cluster::Secret key = cluster::makeKey();
  base::TlsOptions options;
  std::shared_ptr<base::TlsContext> tls;
};

std::string batch(const cluster::NodeId& sender) {
  cluster::wire::Batch all;
  cluster::wire::Message& message = *all.add_messages();
  message.set_version(1);
  message.set_sender(std::string(sender.text()));
  message.mutable_gossip();
  return all.SerializeAsString();
}

}  // namespace

Test(peer_api, strangers_may_ask_for_the_cluster_and_to_join_and_for_nothing_else) {
  Door door(false);
  std::string said = door.ask("GET", "/drover/v1/cluster");
  cr_expect(said.starts_with("200 {\"id\":\"" + door.host.agent().config().id + "\""), "%s",
            said.c_str());
  said = door.ask("POST", "/drover/v1/join", "{}");
  cr_expect(said.starts_with("403 ") && holds(said, "join token"), "%s", said.c_str());
  const std::pair<const char*, const char*> others[] = {
      {"POST", "/drover/v1/messages"},     {"GET", "/drover/v1/published"},
      {"POST", "/drover/v1/node"},         {"POST", "/drover/v1/images/fetch"},
      {"POST", "/drover/v1/rebalance"},    {"POST", "/drover/v1/take-name"},
      {"POST", "/drover/v1/volumes/move"}, {"POST", "/drover/v1/volumes/take"},
      {"GET", "/containers/json"},         {"GET", "/_ping"},
      {"POST", "/swarm/leave?force=1"},    {"GET", "/drover/v1/else"},
      {"POST", "/containers/create"},
  };
  size_t before = door.host.engine.asked.size();
  for (const auto& [method, target] : others) {
    said = door.ask(method, target, std::string(method) == "POST" ? "{}" : "");
    cr_expect(said.starts_with("403 ") && holds(said, "only nodes of the cluster"), "%s: %s",
              target, said.c_str());
  }
  for (size_t i = before; i < door.host.engine.asked.size(); i++)
    cr_expect(holds(door.host.engine.asked[i], "GET /"), "%s", door.host.engine.asked[i].c_str());
  cr_expect(door.host.agent().clustered());
}

Test(peer_api, what_strangers_say_is_short) {
  Door door(false);
  std::string padded = door.joinRequest("newcomer", std::string(20'000, 'n'));
  std::string said = door.ask("POST", "/drover/v1/join", padded);
  cr_expect(said.starts_with("413 "), "%s", said.c_str());
}

Test(peer_api, who_was_invited_is_given_what_he_needs) {
  Door door(false);
  std::string said = door.ask("POST", "/drover/v1/join", door.joinRequest());
  cr_assert(said.starts_with("200 "), "%s", said.c_str());
  rapidjson::Document json = base::parseJson(said.substr(4));
  const cluster::ClusterConfig& config = door.host.agent().config();
  std::string certificate(base::text(json, "certificate"));
  cluster::VerifiedCertificate verified = cluster::verifyCertificate(
      certificate, config.authorities.front(),
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  cr_assert(verified.identity, "%s", verified.why.c_str());
  cr_expect_eq(verified.identity->node.text(), door.id.text());
  cr_expect(cluster::decodeConfig(base::text(json, "config")) == config);
  cr_assert_eq(json["members"].Size(), 1);
  cr_expect_eq(base::text(json["members"][0], "id"), door.host.id());
}

Test(peer_api, a_request_to_join_that_makes_no_sense_is_refused) {
  Door door(false);
  const struct {
    const char* from;
    std::string to;
    int status;
  } cases[] = {
      {"127.9.9.9", "nowhere", 400},
      {"\"gossipPort\":7946", "\"gossipPort\":70000", 400},
      {"\"apiPort\":2377", "\"apiPort\":0", 400},
      {"\"apiPort\":2377", "\"apiPort\":\"2377\"", 400},
      {"\"wireVersion\":1", "\"wireVersion\":0", 400},
      {"\"id\":\"v", "\"id\":\"V", 400},
      {"\"id\":\"v", "\"id\":\"w", 400},  // not who the request for a certificate is for
      {"BEGIN", "BEGAN", 400},
      {"\"secret\":\"", "\"secret\":\"0", 403},
      {"{", "[", 403},
  };
  for (const auto& each : cases) {
    std::string said = door.ask("POST", "/drover/v1/join", door.joinRequest(each.from, each.to));
    cr_expect(said.starts_with(std::to_string(each.status) + " "), "%s: %s", each.to.c_str(),
              said.c_str());
  }
  cr_expect_eq(door.host.agent().nodeViews().size(), 1);
}

Test(peer_api, a_batch_is_of_who_posts_it) {
  Door door(true);
  std::string said = door.ask("POST", "/drover/v1/messages", batch(door.id));
  cr_expect_eq(said, "204 ", "%s", said.c_str());
  said = door.ask("POST", "/drover/v1/messages", batch(door.host.agent().self()));
  cr_expect(said.starts_with("403 ") && holds(said, "claims to be another node"), "%s",
            said.c_str());
  said = door.ask("POST", "/drover/v1/messages", "\xff\xff\xff nonsense");
  cr_expect(said.starts_with("400 "), "%s", said.c_str());
  said = door.ask("POST", "/drover/v1/messages", std::string(9'000'000, 'x'));
  cr_expect(said.starts_with("413 ") || holds(said, "reset") || holds(said, "pipe"), "%s",
            said.c_str());
}

Test(peer_api, a_node_says_up_to_where_it_has_published) {
  Door door(true);
  std::string said = door.ask("GET", "/drover/v1/published");
  cr_assert(said.starts_with("200 "), "%s", said.c_str());
  std::string seen(base::text(base::parseJson(said.substr(4)), "seen"));
  std::optional<cluster::Versions> versions = cluster::decodeSeen(seen);
  cr_assert(versions && versions->size() == 1, "%s", said.c_str());
  cr_expect(versions->contains(door.host.agent().self()));
  cr_expect(door.host.agent().state().covers(*versions));
}

// A call is not refused for it, and is not waited with for ever.
Test(peer_api, a_node_may_say_that_it_has_seen_what_nobody_else_has) {
  for (const std::string& seen :
       {std::string("nonsense"), std::string(5'000, ','), std::string(25, 'v') + "=1"}) {
    Door door(true);
    std::string said =
        door.ask("POST", "/drover/v1/node", R"({"availability":"pause","labels":{}})",
                 std::string(cluster::seenHeader) + ": " + seen + "\r\n");
    cr_expect_eq(said, "200 {}", "%s: %s", seen.c_str(), said.c_str());
  }
}

Test(peer_api, nodes_change_each_others_settings) {
  Door door(true);
  std::string said =
      door.ask("POST", "/drover/v1/node", R"({"availability":"pause","labels":{"a":"b"}})");
  cr_expect_eq(said, "200 {}", "%s", said.c_str());
  cr_expect_eq(door.host.agent().nodeViews()[0].record.availability, "pause");
  cr_expect_eq(door.host.agent().nodeViews()[0].record.labels.at("a"), "b");
  said = door.ask("POST", "/drover/v1/node", "[1]");
  cr_expect(said.starts_with("400 "), "%s", said.c_str());
}

Test(peer_api, an_image_is_fetched_from_another_node_only) {
  Door door(true);
  for (std::string body : {std::string("{}"), std::string("nonsense"),
                           "{\"image\":\"a\",\"from\":\"" + door.host.id() + "\"}"}) {
    std::string said = door.ask("POST", "/drover/v1/images/fetch", body);
    cr_expect(said.starts_with("400 "), "%s: %s", body.c_str(), said.c_str());
  }
}

Test(peer_api, what_nodes_ask_for_is_this_hosts) {
  Door door(true);
  door.host.engine.run("web");
  std::string said = door.ask("GET", "/containers/json?all=1");
  cr_expect(said.starts_with("200 ") && holds(said, "/web"), "%s", said.c_str());
  said = door.ask("GET", "/info");
  cr_expect(holds(said, "ENGINE-host-1") && !holds(said, "RemoteManagers"), "%s", said.c_str());
}

Test(peer_api, what_takes_a_name_has_to_be_a_container_of_ours) {
  Door door(true);
  const std::string gone(64, 'a'), node(cluster::NodeId::length, 'n');
  auto request = [&](const std::string& container, const std::string& name, const std::string& of) {
    base::JsonWriter json;
    json.object().member("container", container).member("name", name).member("gone", gone);
    return json.member("node", of).endObject().text();
  };
  const std::string cases[] = {"",
                               "[]",
                               "{}",
                               request("", "web", node),
                               request("x", "", node),
                               request("x", "web", "nobody")};
  for (const std::string& each : cases) {
    std::string said = door.ask("POST", "/drover/v1/take-name", each);
    cr_expect(said.starts_with("400 "), "%s: %s", each.c_str(), said.c_str());
  }
  std::string said = door.ask("POST", "/drover/v1/take-name", request("none", "web", node));
  cr_expect(said.starts_with("409 ") && holds(said, "No such container"), "%s", said.c_str());
  for (const std::string& each : door.host.engine.asked)
    cr_expect_not(holds(each, "rename?name=web") && !holds(each, "/containers/none/"), "%s",
                  each.c_str());
}

Test(peer_api, a_round_of_moves_tells_that_there_was_nothing_to_move) {
  Door door(true);
  std::string said = door.ask("POST", "/drover/v1/rebalance");
  cr_expect_eq(said, "200 {\"Moved\":[],\"Failed\":[]}", "%s", said.c_str());
}
