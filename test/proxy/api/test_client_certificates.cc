// Certificates for clients: who gets one, what is said about it, and where it is good for.

#include "proxy/api/client_certificates.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "cluster/ca/certificates.h"
#include "proxy/client_cert_command.h"
#include "test/cluster_house.h"

using namespace test;
using cluster::AgentError;
using proxy::CertificateRequest;

namespace {

const std::string path(proxy::clientCertificatePath);

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

proxy::IssuedCertificate issue(Host& host, const std::string& name = "anna",
                               std::chrono::seconds life = std::chrono::hours(1)) {
  base::HttpReply reply = host.ask("POST", path, encode(CertificateRequest{name, life}));
  cr_assert_eq(reply.status, 200, "%s", reply.body.c_str());
  std::optional<proxy::IssuedCertificate> issued = proxy::decodeIssuedCertificate(reply.body);
  cr_assert(issued);
  return std::move(*issued);
}

// Goes to a host's TCP listener for clients with this certificate.
struct TlsVisitor {
  TlsVisitor(Hosts& hosts, const std::string& certificate, const cluster::Secret& key,
             const std::string& authorities)
      : hosts(hosts) {
    base::TlsOptions options;
    options.role = base::TlsOptions::Role::client;
    options.certificate = certificate;
    options.key = key.reveal();
    options.authorities = authorities;
    tls = std::make_shared<base::TlsContext>(base::TlsContext::inMemory(options));
  }
  TlsVisitor(Hosts& hosts, const proxy::IssuedCertificate& issued)
      : TlsVisitor(hosts, issued.certificate, issued.key, issued.authorities) {}

  // The answer's status, or the reason why there is none.
  std::string ask(Host& host, base::HttpCall call) {
    base::HttpClient client(
        hosts.stage.loop, "droverd", [&] { return connect(host.address); }, base::HttpLimits(), 1);
    try {
      base::HttpReply reply = hosts.stage.run(client.call(std::move(call)));
      return std::to_string(reply.status) + " " + reply.body;
    } catch (const std::exception& failed) {
      return failed.what();
    }
  }
  std::string ping(Host& host) {
    return ask(host, base::httpGet("/_ping", milliseconds(5000), 10'000)).substr(0, 3);
  }
  base::Task<std::unique_ptr<base::Stream>> connect(std::string address) {
    std::unique_ptr<base::Stream> stream =
        co_await base::Stream::connectTcp(hosts.stage.loop, address, tcpPort, patience);
    co_await stream->connectTls(*tls, "", patience);
    co_return stream;
  }

  Hosts& hosts;
  std::shared_ptr<base::TlsContext> tls;
};

int commandOf(std::vector<const char*> arguments, std::string& why) {
  arguments.insert(arguments.begin(), "client-cert");
  std::ostringstream out;
  try {
    return proxy::clientCertCommand(static_cast<int>(arguments.size()), arguments.data(), out);
  } catch (const std::exception& wrong) {
    why = wrong.what();
    return 1;
  }
}

}  // namespace

Test(client_certificates, wishes_go_there_and_back_and_nonsense_is_refused) {
  CertificateRequest wish{"anna <a@example.org>", std::chrono::hours(24)};
  CertificateRequest back = proxy::decodeCertificateRequest(encode(wish));
  cr_expect_eq(back.name, wish.name);
  cr_expect(back.validFor == wish.validFor);
  const struct {
    std::string body, part;
  } cases[] = {
      {"", "JSON object"},
      {"[]", "JSON object"},
      {"{", "JSON object"},
      {R"({"validForSeconds":60})", "a client's name"},
      {R"({"name":"","validForSeconds":60})", "a client's name"},
      {R"({"name":"a\nb","validForSeconds":60})", "a client's name"},
      {R"({"name":"\u00e4","validForSeconds":60})", "a client's name"},
      {"{\"name\":\"" + std::string(65, 'a') + "\",\"validForSeconds\":60}", "a client's name"},
      {R"({"name":"a"})", "one second to ten years"},
      {R"({"name":"a","validForSeconds":0})", "one second to ten years"},
      {R"({"name":"a","validForSeconds":-5})", "one second to ten years"},
      {R"({"name":"a","validForSeconds":"60"})", "one second to ten years"},
      {R"({"name":"a","validForSeconds":1e9})", "one second to ten years"},
      {R"({"name":"a","validForSeconds":315360001})", "one second to ten years"},
      {R"({"name":"a","validForSeconds":18446744073709551616})", "one second to ten years"},
  };
  for (const auto& each : cases) {
    std::string why;
    try {
      proxy::decodeCertificateRequest(each.body);
    } catch (const AgentError& refused) {
      cr_expect_eq(refused.status(), 400);
      why = refused.what();
    }
    cr_expect(holds(why, each.part), "%s: \"%s\"", each.body.c_str(), why.c_str());
  }
  for (const char* each : {"", "{}", R"({"ca":"a","certificate":"b"})", R"({"ca":1})"})
    cr_expect_not(proxy::decodeIssuedCertificate(each), "%s", each);
}

Test(client_certificates, times_are_a_number_and_a_unit) {
  using namespace std::chrono_literals;
  cr_expect(proxy::parseValidity("90d") == 2160h);
  cr_expect(proxy::parseValidity("12h") == 12h);
  cr_expect(proxy::parseValidity("30m") == 30min);
  cr_expect(proxy::parseValidity("1s") == 1s);
  cr_expect(proxy::parseValidity("3650d") == proxy::longestValidity);
  for (const char* wrong : {"", "d", "0d", "-1d", "1", "1.5d", "1 d", "1w", "1dd", "3651d",
                            "99999999999999999999d", "18446744073709551615d"})
    cr_expect_not(proxy::parseValidity(wrong), "%s", wrong);
}

Test(client_certificates, open_the_tcp_api_of_every_node) {
  Hosts hosts(2);
  proxy::IssuedCertificate issued = issue(hosts.one());
  TlsVisitor anna(hosts, issued);
  cr_expect_eq(anna.ping(hosts.one()), "200");
  cr_expect_eq(anna.ping(hosts.two()), "200");
  std::string logged = hosts.one().logged();
  cr_expect(holds(logged, "client certificate issued"));
  cr_expect_not(holds(logged, "PRIVATE"), "the key is in the log");
  // Not the door for peers, and no further certificates by way of the network.
  base::HttpCall wish;
  wish.method = "POST";
  wish.target = path;
  wish.body = encode(CertificateRequest{"eve", std::chrono::hours(1)});
  std::string said = anna.ask(hosts.one(), wish);
  cr_expect(said.starts_with("403") && holds(said, "unix socket only"), "%s", said.c_str());
}

Test(client_certificates, a_host_in_no_cluster_makes_none_and_serves_nobody_on_tcp) {
  Hosts hosts(2, false);
  base::HttpReply reply =
      hosts.one().ask("POST", path, encode(CertificateRequest{"anna", std::chrono::hours(1)}));
  cr_expect_eq(reply.status, 503);
  cr_expect(holds(reply.body, "docker swarm init"), "%s", reply.body.c_str());
  hosts.two().init();
  TlsVisitor anna(hosts, issue(hosts.two()));
  cr_expect_neq(anna.ping(hosts.one()), "200", "of another cluster");
  cr_expect(holds(hosts.one().logged(), "listener has no certificate yet; join a cluster"));
  cr_expect_eq(anna.ping(hosts.two()), "200");
  hosts.stage.run(hosts.two().agent().leave());
  cr_expect_neq(anna.ping(hosts.two()), "200", "it has left");
}

Test(client_certificates, peers_and_their_certificates_get_neither) {
  Hosts hosts(2);
  const cluster::ClusterConfig& config = hosts.one().agent().config();
  cluster::Credentials authority{config.authorities.front(), cluster::Secret(config.authorityKey)};
  cluster::NodeId id = *cluster::NodeId::parse(std::string(cluster::NodeId::length, 'v'));
  cluster::Secret key = cluster::makeKey();
  cluster::Terms terms{.node = id, .cluster = config.id, .now = cluster::wallNow()};
  std::string certificate =
      cluster::signRequest(cluster::makeRequest(key, id, config.id), authority, terms);
  TlsVisitor node(hosts, certificate, key, config.authorities.front());
  cr_expect_neq(node.ping(hosts.two()), "200");
  cr_expect(holds(hosts.two().logged(), "it is not a client's certificate"), "%s",
            hosts.two().logged().c_str());

  base::HttpCall wish;
  wish.method = "POST";
  wish.target = path;
  wish.body = encode(CertificateRequest{"eve", std::chrono::hours(1)});
  for (cluster::Node& each : hosts.one().agent().nodes()) {
    if (!each.self) cr_expect_eq(hosts.stage.run(each.http->call(wish)).status, 403);
  }
  cluster::Credentials other = cluster::makeClient(
      "eve", std::string(config.id.rbegin(), config.id.rend()), authority, cluster::wallNow());
  TlsVisitor eve(hosts, other.certificate, other.key, config.authorities.front());
  cr_expect_neq(eve.ping(hosts.one()), "200", "of another cluster");
}

Test(client_certificates, one_that_is_over_is_refused) {
  Hosts hosts(1);
  TlsVisitor anna(hosts, issue(hosts.one(), "anna", std::chrono::seconds(1)));
  hosts.stage.until([&] { return anna.ping(hosts.one()) != "200"; });
  std::string logged = hosts.one().logged();
  cr_expect(holds(logged, "expired at 20"), "%s", logged.c_str());
}

Test(client_certificates, both_are_good_while_the_authority_is_rotated) {
  Hosts hosts(2);
  TlsVisitor old(hosts, issue(hosts.one()));
  hosts.two().kill();  // so that the rotation cannot end
  hosts.sees(hosts.one(), "host-2", cluster::Status::failed);
  hosts.one().agent().rotateAuthority();
  hosts.stage.until([&] { return hosts.one().agent().config().authorities.size() == 2; });
  TlsVisitor fresh(hosts, issue(hosts.one(), "bert"));
  cr_expect_eq(old.ping(hosts.one()), "200", "who knows the old authority only");
  cr_expect_eq(fresh.ping(hosts.one()), "200");
  hosts.two().start();
  hosts.stage.until([&] { return hosts.one().agent().config().authorities.size() == 1; });
  hosts.stage.until([&] { return hosts.two().agent().config().authorities.size() == 1; });
  for (Host* each : {&hosts.one(), &hosts.two()}) {
    cr_expect_neq(old.ping(*each), "200");
    cr_expect_eq(fresh.ping(*each), "200");
  }
}

Test(client_certificates, the_command_refuses_what_it_cannot_do) {
  TempDir directory;
  std::string out = directory / "out";
  std::ofstream(directory / "file") << "x";
  const std::string file = directory / "file/out";
  const struct {
    std::vector<const char*> arguments;
    const char* part;
  } cases[] = {
      {{}, "--out is required"},
      {{"--out", ""}, "--out"},
      {{"--out", out.c_str(), "--valid-for", "90"}, "--valid-for: \"90\" is not a time"},
      {{"--out", out.c_str(), "--host", "tcp://10.0.0.1:2376"}, "is not unix:///PATH"},
      {{"--out", out.c_str(), "--host", "unix://x"}, "is not unix:///PATH"},
      {{"--out", out.c_str(), "--config", "/none.yml"}, "/none.yml"},
      {{"--out", out.c_str(), "--nmae", "x"}, "--nmae"},
      {{"--out", out.c_str(), "--host", "unix:///none.sock"}, "is it running"},
  };
  for (const auto& each : cases) {
    std::string why;
    cr_expect_eq(commandOf(each.arguments, why), 1);
    cr_expect(holds(why, each.part), "\"%s\" instead of \"%s\"", why.c_str(), each.part);
  }
  cr_expect_not(std::filesystem::exists(out));
}
