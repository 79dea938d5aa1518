#pragma once

// Several hosts in one test: on each a FakeDocker and, in front of it, the whole of droverd as
// it is wired, at an address of its own on loopback. They form real clusters, with TLS and
// datagrams, on the loop of one Stage.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "cluster/agent/agent.h"
#include "proxy/config.h"
#include "proxy/parts.h"
#include "proxy/server.h"
#include "test/fake_docker.h"
#include "test/lively_docker.h"
#include "test/stage.h"

namespace test {

constexpr uint16_t apiPort = 21377;
constexpr uint16_t gossipPort = 21946;
constexpr uint16_t tcpPort = 21376;  // for clients

// An address for the test's nth host. Criterion runs tests beside each other, each in a process of
// its own, so they must not meet.
inline std::string loopback(int number) {
  int pid = ::getpid();
  return "127." + std::to_string(pid / 250 % 250 + 1) + "." + std::to_string(pid % 250 + 1) + "." +
         std::to_string(number);
}

// Failures are noticed sooner than by default, so that tests need not wait for them.
inline cluster::MembershipOptions impatient() {
  cluster::MembershipOptions options;
  options.probeInterval = cluster::Time(200);
  options.probeTimeout = cluster::Time(100);
  options.minSuspicion = cluster::Time(400);
  options.reconnectInterval = cluster::Time(300);
  return options;
}

// Records are compared more often than by default, for the same reason.
inline cluster::StateOptions oftenCompared() {
  cluster::StateOptions options;
  options.syncInterval = cluster::Time(50);
  return options;
}

inline cluster::AgentOptions agentOptions(std::string stateDir, std::string name) {
  cluster::AgentOptions options;
  options.stateDir = std::move(stateDir);
  options.name = std::move(name);
  options.droverVersion = "test";
  options.gossipPort = gossipPort;
  options.membership = impatient();
  options.state = oftenCompared();
  return options;
}

// An engine's answers, as far as one with a few containers, images, networks and volumes gives
// them.
struct SmallDocker {
  SmallDocker(FakeDocker& docker, std::string host) : docker(docker), host(std::move(host)) {
    docker.answerWith([this](const std::string& startLine) { return answer(startLine); });
  }

  struct Container {
    std::string id;
    std::string name;
    int64_t created = 1'700'000'000;
  };

  FakeDocker& docker;
  std::string host;
  std::vector<Container> containers;
  std::vector<std::string> images, networks, volumes, execs;
  std::string swarm = "inactive";
  std::vector<std::string> asked;  // start lines, without the protocol
  std::vector<std::string> bodies;
  // Answers instead of us what it knows; else gives nothing.
  std::function<std::string(const std::string& asked)> first;

  // Adds it, and says so.
  void run(const std::string& name, int64_t created = 1'700'000'000) {
    std::string id = idFor(name);
    // Newest first, as engines list them.
    auto at = std::find_if(containers.begin(), containers.end(),
                           [&](const Container& each) { return each.created <= created; });
    containers.insert(at, {id, name, created});
    docker.emit("{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{\"ID\":\"" + id + "\"}}");
  }
  void remove(const std::string& name) {
    std::string id = idFor(name);
    std::erase_if(containers, [&](const Container& each) { return each.name == name; });
    docker.emit("{\"Type\":\"container\",\"Action\":\"destroy\",\"Actor\":{\"ID\":\"" + id +
                "\"}}");
  }
  // Says that something happened to one of the images, networks or volumes.
  void tell(const std::string& type, const std::string& action) {
    docker.emit("{\"Type\":\"" + type + "\",\"Action\":\"" + action +
                "\",\"Actor\":{\"ID\":\"1\"}}");
  }
  // Ids of different hosts differ.
  std::string idFor(const std::string& name) const { return LivelyDocker::idOf(name + host); }

  size_t count(const std::string& part) const {
    return static_cast<size_t>(std::count_if(
        asked.begin(), asked.end(),
        [&](const std::string& each) { return each.find(part) != std::string::npos; }));
  }

 private:
  const Container* find(const std::string& object) const {
    for (const Container& each : containers) {
      if (each.name == object || each.id.starts_with(object)) return &each;
    }
    return nullptr;
  }

  static std::string missing(const std::string& what) {
    return answerOf("{\"message\":\"No such " + what + "\"}\n", "404 Not Found");
  }

  static std::string entry(const Container& container) {
    return "{\"Id\":\"" + container.id + "\",\"Names\":[\"/" + container.name +
           "\"],\"Created\":" + std::to_string(container.created) +
           ",\"Ports\":[],\"State\":\"created\",\"Status\":\"Created\"}";
  }

  std::string list() const {
    std::string all;
    for (const Container& each : containers) all += (all.empty() ? "" : ",") + entry(each);
    return answerOf("[" + all + "]\n");
  }

  // Says which engine did it.
  std::string did(const std::string& status = "200 OK") const {
    return answerOf("{\"on\":\"" + host + "\"}\n", status);
  }

  std::string listOf(const std::vector<std::string>& names, const std::string& member) const {
    std::string all;
    for (const std::string& each : names) {
      all += std::string(all.empty() ? "" : ",") + "{\"" + member + "\":\"" + each +
             "\",\"Id\":\"" + each + host + "\",\"RepoTags\":[\"" + each + ":latest\"]}";
    }
    return "[" + all + "]";
  }

  std::string answer(const std::string& startLine) {
    std::string line = startLine.substr(0, startLine.find(" HTTP/"));
    size_t version = line.find(" /v1.");
    if (version != std::string::npos)
      line.erase(version + 1, line.find('/', version + 2) - version - 1);
    asked.push_back(line);
    bodies.push_back(docker.lastBody());
    if (first) {
      std::string given = first(line);
      if (!given.empty()) return given;
    }
    if (line == "GET /version") return answerOf(R"({"ApiVersion":"1.41","MinAPIVersion":"1.12"})");
    if (line == "GET /_ping") return answerOf("OK");
    if (line == "HEAD /_ping") return answerOf("");
    if (line.starts_with("GET /events")) {
      return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
             "Transfer-Encoding: chunked\r\n\r\n";
    }
    if (line == "GET /info") {
      return answerOf("{\"ID\":\"ENGINE-" + host + "\",\"Name\":\"" + host +
                      "\",\"NCPU\":2,\"MemTotal\":1000000,\"OSType\":\"linux\",\"Containers\":" +
                      std::to_string(containers.size()) +
                      ",\"Labels\":[\"disk=fast\"],\"Swarm\":{\"LocalNodeState\":\"" + swarm +
                      "\"}}\n");
    }
    return answerAbout(line);
  }

  // What is about one object, or a kind of them.
  std::string answerAbout(const std::string& line) {
    size_t slash = line.find('/');
    std::string method = line.substr(0, slash - 1);
    std::string path = line.substr(slash + 1, line.find('?') - slash - 1);
    size_t end = path.find('/');
    std::string kind = path.substr(0, end);
    std::string rest = end == std::string::npos ? "" : path.substr(end + 1);
    // Names of images hold slashes.
    std::string object = rest.substr(0, kind == "images" ? rest.rfind('/') : rest.find('/'));
    if (kind == "containers" && object == "json") return list();
    if (kind == "containers" && object == "create") return create(line);
    if (kind == "containers" && object != "prune") return aboutContainer(method, object, rest);
    if (kind == "exec") return has(execs, object) ? did() : missing("exec instance: " + object);
    if (path == "networks") return answerOf(listOf(networks, "Name"));
    if (path == "volumes") return answerOf("{\"Volumes\":" + listOf(volumes, "Name") + "}");
    if (path == "images/json") return answerOf(listOf(images, "Image"));
    if (kind == "networks" && method + object != "POSTcreate")
      return has(networks, object) ? did() : missing("network: " + object);
    if (kind == "volumes" && method + object != "POSTcreate")
      return has(volumes, object) ? did() : missing("volume: " + object);
    bool aboutImage = kind == "images" && object != "create" && object != "load" &&
                      object != "get" && object != "prune";
    if (aboutImage) return has(images, object) ? did() : missing("image: " + object);
    return did();
  }

  std::string create(const std::string& line) {
    rapidjson::Document json = base::parseJson(docker.lastBody());
    std::string image(base::text(json, "Image"));
    if (!has(images, image)) return missing("image: " + image);
    size_t name = line.find("name=");
    std::string called = name == std::string::npos ? "drawn" : line.substr(name + 5);
    run(called);
    return answerOf("{\"Id\":\"" + idFor(called) + "\",\"Warnings\":[]}\n", "201 Created");
  }

  std::string aboutContainer(const std::string& method, const std::string& object,
                             const std::string& rest) {
    const Container* found = find(object);
    if (!found) return missing("container: " + object);
    if (rest.ends_with("/json")) {
      return answerOf("{\"Id\":\"" + found->id + "\",\"Name\":\"/" + found->name +
                      "\",\"Created\":\"" + timeOf(found->created) + "\",\"State\":{},\"on\":\"" +
                      host + "\"}\n");
    }
    if (rest.ends_with("/exec")) {
      execs.push_back("e" + host);
      return answerOf("{\"Id\":\"e" + host + "\"}\n", "201 Created");
    }
    if (method == "DELETE") remove(std::string(found->name));
    return did();
  }

  static std::string timeOf(int64_t seconds) {
    std::tm parts{};
    std::time_t time = seconds;
    ::gmtime_r(&time, &parts);
    char text[40];
    size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text, length};
  }

  static bool has(const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  }
};

// The daemon: its parts with their listeners.
class Droverd : public proxy::Parts {
 public:
  Droverd(Stage& stage, const proxy::Config& config, const cluster::StateOptions& records,
          base::Log& log)
      : Parts(stage.loop, options(config, records), hooks(), log),
        config_(config),
        clientTls_(config_, agent, log),
        server(stage.loop, config_, clientTls_, api, engine, log, metrics) {
    background_.spawn(run());
  }

 private:
  static Options options(const proxy::Config& config, const cluster::StateOptions& records) {
    Options options;
    options.enginePath = config.engine.path;
    options.connectTimeout = milliseconds(1000);
    options.maxBodyBytes = 1024 * 1024;
    options.agent = agentOptions(config.stateDir, config.name);
    options.agent.state = records;
    options.swarmApi = config.swarmApi;
    options.settings = config;
    return options;
  }

  Hooks hooks() {
    return {[this](const cluster::Endpoint& listen) {
              server.servePeers(
                  listen.host(), listen.port,
                  [this]() -> const base::TlsContext& { return agent.tlsForPeers(); },
                  [] { return std::set<std::string>(); });
            },
            [this] { server.stopPeers(); }, nullptr};
  }

  proxy::Config config_;
  proxy::ClientTls clientTls_;

 public:
  proxy::Server server;

 private:
  base::Scope background_{[](std::exception_ptr) {}};
};

// One host: what survives its droverd, and that one while it runs.
class Host {
 public:
  Host(Stage& stage, int number, const cluster::StateOptions& records = oftenCompared())
      : address(loopback(number)), stage_(stage), number_(number), records_(records) {
    log.setLevel(base::Level::debug);
    client.emplace(stage.loop, directory_ / "drover.sock", milliseconds(1000), base::HttpLimits());
    start();
  }

  void start() {
    proxy::Config config;
    config.engine.path = docker.path();
    config.listen = {{.path = directory_ / "drover.sock"},
                     {.kind = proxy::Listener::Kind::tls, .address = {address, tcpPort}}};
    config.stateDir = directory_ / "state";
    config.name = name();
    droverd.emplace(stage_, config, records_, log);
    stage_.until([this] { return droverd->state.facts() != nullptr; });
  }
  // As kill -9 does.
  void kill() {
    client->dropIdle();
    droverd.reset();
  }

  std::string name() const { return "host-" + std::to_string(number_); }
  std::string api() const { return address + ":" + std::to_string(apiPort); }
  cluster::NodeAddresses place() const {
    cluster::Endpoint here = *cluster::Endpoint::parse(address, apiPort);
    return {here, here, ""};
  }
  cluster::Agent& agent() { return droverd->agent; }
  std::string id() { return std::string(agent().self().text()); }

  // A client's question. `headers` are whole lines.
  base::HttpReply ask(const std::string& method, const std::string& target,
                      const std::string& body = "", const std::string& headers = "") {
    base::HttpCall call;
    call.method = method;
    call.target = target;
    call.body = body;
    call.headers = headers;
    if (!body.empty()) call.headers += "Content-Type: application/json\r\n";
    call.idempotent = method == "GET";
    return stage_.run(client->call(std::move(call)));
  }
  std::string get(const std::string& target) { return ask("GET", target).body; }

  // As `docker swarm init` and `docker swarm join` ask.
  base::HttpReply init() {
    return ask("POST", "/swarm/init",
               "{\"ListenAddr\":\"" + api() + "\",\"AdvertiseAddr\":\"" + api() + "\"}");
  }
  base::HttpReply join(const std::string& remote, const std::string& token) {
    return ask("POST", "/swarm/join",
               "{\"ListenAddr\":\"" + api() + "\",\"AdvertiseAddr\":\"" + api() +
                   "\",\"RemoteAddrs\":[\"" + remote + "\"],\"JoinToken\":\"" + token + "\"}");
  }

  // All that was logged by now.
  std::string logged() {
    log.flush();
    std::string text(static_cast<size_t>(::lseek(logFile_.get(), 0, SEEK_END)), '\0');
    if (::pread(logFile_.get(), text.data(), text.size(), 0) < 0) text.clear();
    return text;
  }

  const std::string address;

 private:
  Stage& stage_;
  int number_;
  cluster::StateOptions records_;
  TempDir directory_;
  base::Fd logFile_{::memfd_create("log", MFD_CLOEXEC)};

 public:
  base::Log log{logFile_.get()};
  FakeDocker docker{stage_};
  SmallDocker engine{docker, name()};
  std::optional<docker::Engine> client;
  std::optional<Droverd> droverd;
};

// So many hosts, in one cluster unless told otherwise, all of whom know all of the others.
class Hosts {
 public:
  explicit Hosts(int count, bool clustered = true,
                 const cluster::StateOptions& records = oftenCompared()) {
    for (int number = 1; number <= count; number++)
      hosts.push_back(std::make_unique<Host>(stage, number, records));
    if (!clustered) return;
    form();
    settle();
  }
  ~Hosts() { stage.cancel(); }

  // One cluster of them all, who need not know all of each other yet.
  void form() {
    base::HttpReply made = one().init();
    if (made.status != 200) throw std::runtime_error("init: " + made.body);
    std::string token = one().agent().workerToken();
    for (size_t i = 1; i < hosts.size(); i++) {
      base::HttpReply reply = hosts[i]->join(one().api(), token);
      if (reply.status != 200) throw std::runtime_error("join: " + reply.body);
    }
  }

  Host& one() { return *hosts[0]; }
  Host& two() { return *hosts[1]; }
  Host& three() { return *hosts[2]; }

  // Until every droverd that is in the cluster has the same members and records as the others.
  void settle() {
    stage.until([this] {
      std::vector<Host*> clustered;
      for (const std::unique_ptr<Host>& each : hosts) {
        if (each->droverd && each->agent().clustered()) clustered.push_back(each.get());
      }
      return std::all_of(clustered.begin(), clustered.end(), [&](Host* each) {
        std::vector<cluster::NodeView> views = each->agent().nodeViews();
        size_t well = 0;
        for (const cluster::NodeView& view : views)
          well += view.status == cluster::Status::alive && !view.record.engineId.empty();
        return well == clustered.size() &&
               each->agent().state().hash() == clustered[0]->agent().state().hash();
      });
    });
  }

  // Until this host's index has the container.
  void knows(Host& host, const std::string& container) {
    stage.until([&] { return host.droverd->index.find(container).entry != nullptr; });
  }

  // Until `seen` sees `other` so.
  void sees(Host& seer, const std::string& other, cluster::Status status) {
    stage.until([&] {
      for (const cluster::NodeView& view : seer.agent().nodeViews()) {
        if (view.name == other && view.status == status) return true;
      }
      return false;
    });
  }

  Stage stage;
  std::vector<std::unique_ptr<Host>> hosts;
};

}  // namespace test
