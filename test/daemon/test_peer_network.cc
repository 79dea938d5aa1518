// Datagrams and batches between two ends: what arrives, what is refused, what is said when nobody
// takes a batch.

#include "cluster/transport/peer_network.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "cluster/wire.pb.h"
#include "test/cluster_house.h"

using namespace cluster;
using namespace test;

namespace {

NodeId node(char letter) {
  return *NodeId::parse(std::string(NodeId::length, letter));
}

wire::Message messageOf(const NodeId& sender, const std::string& note = "") {
  wire::Message message;
  message.set_version(1);
  message.set_sender(std::string(sender.text()));
  message.mutable_claim_ask()->set_key(note);
  return message;
}

// One end, and what it was told.
struct End {
  End(Stage& stage, char letter, int number, char key = 'k', uint64_t session = 7)
      : id(node(letter)),
        address(*Endpoint::parse(loopback(number), gossipPort)),
        seal(id, session),
        network(
            stage.loop, address, seal, [this](const NodeId&) { return way; }, hooks()) {
    std::vector<Secret> keys;
    keys.emplace_back(std::string(PacketSeal::keySize, key));
    seal.setKeys(std::move(keys));
  }

  PeerNetwork::Hooks hooks() {
    return {[this](const NodeId& sender, const Endpoint& from, wire::Message message) {
              received += std::string(sender.text().substr(0, 1)) + "@" + from.text() + " " +
                          message.claim_ask().key() + "\n";
            },
            [](const NodeId&, const PeerNetwork::Copy&, const PeerNetwork::Copy&) {},
            [this](const Endpoint&, std::string why) { refused += why + "\n"; },
            [this](const NodeId& to, std::string why) {
              failed += std::string(to.text().substr(0, 1)) + " " + why + "\n";
            },
            [](const Endpoint&) {}};
  }

  NodeId id;
  Endpoint address;
  PacketSeal seal;
  std::shared_ptr<base::HttpClient> way;
  std::string received, refused, failed;
  PeerNetwork network;
};

void sendRaw(const Endpoint& to, const std::string& packet) {
  base::Fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  ::inet_pton(AF_INET, to.host().c_str(), &address.sin_addr);
  ssize_t sent = ::sendto(fd.get(), packet.data(), packet.size(), 0,
                          reinterpret_cast<sockaddr*>(&address), sizeof address);
  cr_assert_eq(sent, static_cast<ssize_t>(packet.size()));
}

}  // namespace

Test(peer_network, datagrams_arrive_with_their_sender) {
  Stage stage;
  End a(stage, 'a', 1), b(stage, 'b', 2);
  a.network.datagram({b.id, b.address}, messageOf(a.id, "one"));
  b.network.datagram({a.id, a.address}, messageOf(b.id, "two"));
  stage.until([&] { return !a.received.empty() && !b.received.empty(); });
  cr_expect_eq(b.received, "a@" + a.address.text() + " one\n", "%s", b.received.c_str());
  cr_expect_eq(a.received, "b@" + b.address.text() + " two\n", "%s", a.received.c_str());
}

Test(peer_network, what_is_not_sealed_by_a_member_is_refused) {
  const struct {
    const char* about;
    std::function<void(End& good, End& stranger, const Endpoint& to)> send;
    const char* words;
  } cases[] = {
      {"noise", [](End&, End&, const Endpoint& to) { sendRaw(to, pattern(300)); }, ""},
      {"nothing", [](End&, End&, const Endpoint& to) { sendRaw(to, ""); }, ""},
      {"a foreign key",
       [](End&, End& stranger, const Endpoint& to) {
         stranger.network.datagram({node('b'), to}, messageOf(stranger.id));
       },
       ""},
      {"another's name",
       [](End& good, End&, const Endpoint& to) {
         good.network.datagram({node('b'), to}, messageOf(node('z')));
       },
       "it claims to be another node"},
      {"no message",
       [](End& good, End&, const Endpoint& to) {
         sendRaw(to, good.seal.seal(node('b'), 7, "\xff\xff\xff"));
       },
       "cannot be parsed"},
      {"a changed byte",
       [](End& good, End&, const Endpoint& to) {
         std::string packet = good.seal.seal(node('b'), 7, messageOf(good.id).SerializeAsString());
         packet.back() = static_cast<char>(packet.back() ^ 1);
         sendRaw(to, packet);
       },
       ""},
  };
  for (const auto& each : cases) {
    Stage stage;
    End a(stage, 'a', 1), b(stage, 'b', 2), stranger(stage, 's', 3, 'x');
    each.send(a, stranger, b.address);
    stage.until([&] { return !b.refused.empty() || !b.received.empty(); });
    cr_expect_eq(b.received, "", "%s: %s", each.about, b.received.c_str());
    cr_expect(b.refused.find(each.words) != std::string::npos, "%s: %s", each.about,
              b.refused.c_str());
    // It goes on listening.
    a.network.datagram({b.id, b.address}, messageOf(a.id, "good"));
    stage.until([&] { return !b.received.empty(); });
  }
}

Test(peer_network, refusals_are_told_once_a_second) {
  Stage stage;
  End a(stage, 'a', 1), b(stage, 'b', 2);
  for (int i = 0; i < 200; i++) sendRaw(b.address, "noise");
  a.network.datagram({b.id, b.address}, messageOf(a.id, "good"));
  stage.until([&] { return !b.received.empty(); });
  cr_expect_leq(std::count(b.refused.begin(), b.refused.end(), '\n'), 2, "%s", b.refused.c_str());
  cr_expect_neq(b.refused, "");
}

Test(peer_network, a_port_that_is_taken_is_named) {
  Stage stage;
  End a(stage, 'a', 1);
  std::string why;
  try {
    End b(stage, 'b', 1);
  } catch (const std::exception& failed) {
    why = failed.what();
  }
  cr_expect_eq(why, "cannot listen on udp " + a.address.text() + ": Address already in use");
}

Test(peer_network, what_is_sent_together_is_posted_together) {
  Stage stage;
  End a(stage, 'a', 1);
  std::vector<std::string> posted;
  FakeDocker server(stage);
  server.answerWith([&](const std::string& startLine) {
    cr_expect_eq(startLine, "POST /drover/v1/messages HTTP/1.1");
    std::optional<wire::Batch> batch = PeerNetwork::decodeBatch(server.lastBody());
    std::string notes;
    for (const wire::Message& each : batch->messages()) notes += each.claim_ask().key();
    posted.push_back(notes);
    return std::string("HTTP/1.1 204 No Content\r\n\r\n");
  });
  a.way = std::make_shared<docker::Engine>(stage.loop, server.path(), milliseconds(1000),
                                           base::HttpLimits());
  for (const char* note : {"1", "2", "3"}) a.network.stream(node('b'), messageOf(a.id, note));
  stage.until([&] { return posted.size() == 1; });
  cr_expect_eq(posted[0], "123");
  a.network.stream(node('b'), messageOf(a.id, "4"));
  stage.until([&] { return posted.size() == 2; });
  cr_expect_eq(posted[1], "4");
  cr_expect_eq(a.failed, "");
}

Test(peer_network, a_batch_that_is_not_taken_is_told) {
  Stage stage;
  End a(stage, 'a', 1);
  a.network.stream(node('b'), messageOf(a.id));
  stage.until([&] { return !a.failed.empty(); });
  cr_expect_eq(a.failed, "b it is not known here\n");
  a.failed.clear();
  FakeDocker server(stage);
  server.answerWith([](const std::string&) { return answerOf("{}", "403 Forbidden"); });
  a.way = std::make_shared<docker::Engine>(stage.loop, server.path(), milliseconds(1000),
                                           base::HttpLimits());
  a.network.stream(node('b'), messageOf(a.id));
  stage.until([&] { return !a.failed.empty(); });
  cr_expect_eq(a.failed, "b it answers with status 403\n");
  a.failed.clear();
  server.stopListening();
  server.hangUp();
  a.network.stream(node('b'), messageOf(a.id));
  stage.until([&] { return !a.failed.empty(); });
  cr_expect(a.failed.starts_with("b Cannot connect"), "%s", a.failed.c_str());
}

Test(peer_network, what_waits_for_a_slow_member_is_bounded) {
  Stage stage;
  End a(stage, 'a', 1);
  std::vector<size_t> posted;
  FakeDocker server(stage);
  server.answerWith([&](const std::string&) {
    posted.push_back(server.lastBody().size());
    return std::string("HTTP/1.1 204 No Content\r\n\r\n");
  });
  a.way = std::make_shared<docker::Engine>(stage.loop, server.path(), milliseconds(1000),
                                           base::HttpLimits());
  for (int i = 0; i < 100; i++)
    a.network.stream(node('b'), messageOf(a.id, std::string(100'000, 'x')));
  stage.until([&] { return posted.size() == 1; });
  cr_expect_leq(posted[0], maxBatch);
  cr_expect_gt(posted[0], maxBatch / 2);
  a.network.stream(node('b'), messageOf(a.id, "more"));
  stage.until([&] { return posted.size() == 2; });
}

Test(peer_network, what_is_no_batch_is_refused) {
  cr_expect_not(PeerNetwork::decodeBatch("\xff\xff\xff"));
  cr_expect(PeerNetwork::decodeBatch(""));
  wire::Batch batch;
  *batch.add_messages() = messageOf(node('a'), "x");
  std::string text = batch.SerializeAsString();
  cr_expect(PeerNetwork::decodeBatch(text));
  cr_expect_not(PeerNetwork::decodeBatch(std::string_view(text).substr(0, text.size() - 1)));
}

// What h1 sent to h2, said again to h2, to another node, and to h2 after its restart.
Test(peer_network, a_recorded_packet_means_nothing_to_anybody) {
  Stage stage;
  End a(stage, 'a', 1), c(stage, 'c', 3);
  std::string forFirst = a.seal.seal(node('b'), 7, messageOf(a.id, "recorded").SerializeAsString());
  {
    End b(stage, 'b', 2);
    for (int i = 0; i < 3; i++) sendRaw(b.address, forFirst);
    sendRaw(c.address, forFirst);
    a.network.datagram({b.id, b.address}, messageOf(a.id, "last"));
    stage.until([&] { return b.received.find("last") != std::string::npos; });
    cr_expect_eq(std::count(b.received.begin(), b.received.end(), '\n'), 2, "%s",
                 b.received.c_str());
  }
  End again(stage, 'b', 2, 'k', 8);
  sendRaw(again.address, forFirst);
  // Who takes it for its earlier process is told, and is heard then.
  stage.until([&] {
    a.network.datagram({again.id, again.address}, messageOf(a.id, "new"));
    return !again.received.empty();
  });
  cr_expect_eq(again.received.find("recorded"), std::string::npos, "%s", again.received.c_str());
  cr_expect_eq(c.received, "", "%s", c.received.c_str());
}
