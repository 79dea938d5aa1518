// droverd: the Docker Engine API of one host, served to any number of clients. This file is the
// table of contents: it reads the configuration, builds the parts, wires them and runs until told
// to stop.

#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include <csignal>

#include <cmath>
#include <fstream>
#include <iostream>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "base/resident_memory.h"
#include "catalog/container_index.h"
#include "catalog/holdings_index.h"
#include "catalog/locator.h"
#include "cluster/agent/agent.h"
#include "docker/container_lists.h"
#include "docker/engine.h"
#include "docker/engine_state.h"
#include "orchestrator/container_create.h"
#include "orchestrator/container_move.h"
#include "orchestrator/container_rename.h"
#include "orchestrator/global_containers.h"
#include "orchestrator/image_transfer.h"
#include "orchestrator/publisher.h"
#include "orchestrator/rebalancing.h"
#include "proxy/api/api.h"
#include "proxy/api/federation.h"
#include "proxy/api/global_calls.h"
#include "proxy/api/local_api.h"
#include "proxy/api/node_api.h"
#include "proxy/api/swarm_api.h"
#include "proxy/client_cert_command.h"
#include "proxy/client_tls.h"
#include "proxy/command_line.h"
#include "proxy/config.h"
#include "proxy/http/metrics.h"
#include "proxy/metrics_server.h"
#include "proxy/server.h"

namespace proxy {
namespace {

constexpr base::milliseconds logFlushAfter(200);
constexpr base::milliseconds joinAgainAfter(5'000);
// By then what a start, or entering a cluster, needs has run.
constexpr base::milliseconds atRestAfter(10'000);
// A turn of the loop that takes longer is told of, but not each of many.
constexpr base::milliseconds longTurn(50);
constexpr uint64_t longTurnsEvery = 10'000;  // milliseconds

// Ten thousand clients are twenty thousand descriptors.
void raiseDescriptorLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::vector<std::string_view> routeNames() {
  std::vector<std::string_view> names;
  for (const Route& route : routes()) names.push_back(route.pattern);
  return names;
}

cluster::AgentOptions agentOptions(const Config& config) {
  cluster::AgentOptions options;
  options.stateDir = config.stateDir;
  options.name = config.name;
  options.droverVersion = DROVER_VERSION;
  options.gossipPort = static_cast<uint16_t>(config.gossipPort);
  for (const std::string& each : config.nodeLabels) {
    size_t equals = each.find('=');
    options.labels[each.substr(0, equals)] =
        equals == std::string::npos ? std::string() : each.substr(equals + 1);
  }
  return options;
}

// The token that stands in a file, without what is around it.
std::string readToken(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  file >> token;
  if (token.empty()) throw std::runtime_error("there is no join token in " + path);
  return token;
}

std::string firstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

class Daemon {
 public:
  Daemon(CommandLine commandLine, base::Log& log)
      : config_(std::move(commandLine.config)),
        source_(std::move(commandLine.source)),
        log_(log),
        metrics_(names_, DROVER_VERSION),
        engine_(loop_, config_.engine.path, config_.connectTimeout, base::HttpLimits()),
        state_(loop_, engine_, log_),
        lists_(loop_, engine_, state_, log_, config_.maxBodyBytes),
        local_(engine_, state_, lists_, metrics_),
        agent_(loop_, agentOptions(config_), log_),
        locator_(engine_, agent_, index_, held_),
        images_(loop_, engine_, agent_, locator_, log_),
        placements_(loop_, agent_, {config_.placementStrategy, config_.overcommitPercent / 100.0}),
        nameClaims_(loop_, engine_, agent_, locator_, index_, placements_, log_),
        volumeClaims_(loop_, engine_, agent_, locator_, held_, log_),
        volumeMove_(
            {engine_, local_, agent_, locator_, index_, held_, placements_, volumeClaims_, log_}),
        creation_(loop_, engine_, local_, agent_, locator_, index_, placements_, nameClaims_,
                  volumeClaims_, volumeMove_, images_, log_),
        creates_(loop_, engine_, local_, creation_, config_.maxBodyBytes),
        renames_({local_, agent_, index_, nameClaims_}),
        globalCalls_(
            {engine_, local_, agent_, index_, locator_, nameClaims_, log_, config_.maxBodyBytes}),
        globals_({loop_, engine_, local_, agent_, index_, locator_, placements_, nameClaims_,
                  creation_, renames_, log_}),
        moves_({loop_, engine_, local_, agent_, index_, locator_, placements_, nameClaims_,
                creation_, renames_, log_}),
        rebalancing_({loop_, engine_, local_, agent_, index_, locator_, placements_, moves_, log_},
                     config_.rebalanceInterval),
        swarm_(engine_, local_, agent_, config_.swarmApi, config_.maxBodyBytes),
        federation_({loop_, engine_, local_, lists_, agent_, index_, held_, locator_, nameClaims_,
                     volumeClaims_, creation_, creates_, globalCalls_, rebalancing_, placements_,
                     images_, swarm_, log_, config_.maxBodyBytes}),
        nodeApi_(agent_, images_, rebalancing_, volumeMove_),
        clientCertificates_(agent_),
        api_(agent_, local_, federation_, swarm_, nodeApi_, creates_, clientCertificates_),
        clientTls_(config_, agent_, log_),
        server_(loop_, config_, clientTls_, api_, engine_, log_, metrics_),
        publisher_(loop_, engine_, state_, lists_, agent_, index_, held_, placements_, images_,
                   log_, peerHooks()),
        background_([this](std::exception_ptr fault) { faulted(fault); }) {
    if (config_.metricsListen)
      metricsServer_.emplace(loop_, *config_.metricsListen, metrics_, log_);
  }

  void run() {
    base::Signals signals(loop_, {SIGTERM, SIGINT, SIGHUP}, [this](int number) {
      if (number == SIGHUP) {
        reloadConfig();
      } else {
        stop();
      }
    });
    loop_.beforeWaiting([this] { flushLogSoon(); });
    loop_.onLongTurn(longTurn, [this](const base::Turn& turn) { tellLongTurn(turn); });
    state_.listen(
        {[this] { metrics_.engineUp(true); }, nullptr, [this] { metrics_.engineUp(false); }});
    metrics_.turnsAre([this] { return loop_.takeTurnTimes(); });
    metrics_.linesAre([this](base::Level level) { return log_.lines(level); });
    metrics_.clusterIs([this] {
      return Metrics::Cluster{agent_.saved(), !agent_.rotationWaits().empty()};
    });
    background_.spawn(state_.run());
    agent_.lookUpClaims([this](const std::string& key) { return publisher_.holding(key); });
    agent_.begin(publisher_);
    if (!agent_.clustered() && !config_.join.empty()) background_.spawn(joinUntilDone());
    releaseMemoryLater();
    ::sd_notify(0, "READY=1");
    log_.info("droverd is ready", {{"version", DROVER_VERSION}, {"node", config_.name}});
    loop_.run();
    log_.info("droverd has stopped");
  }

 private:
  orchestrator::Publisher::Hooks peerHooks() {
    return {[this](const cluster::Endpoint& listen) {
              server_.servePeers(
                  listen.host(), listen.port,
                  [this]() -> const base::TlsContext& { return agent_.tlsForPeers(); },
                  [this] { return nodeAddresses(); });
              releaseMemoryLater();
            },
            [this] { server_.stopPeers(); }, [this] { globals_.changed(); },
            [this] { return config_.measureLoad ? firstLine("/proc/loadavg") : std::string(); }};
  }

  std::set<std::string> nodeAddresses() const {
    std::set<std::string> addresses;
    for (const cluster::Node& each : agent_.nodes()) addresses.insert(each.address);
    return addresses;
  }

  // What the settings ask for; the other nodes, or our engine, may come up later than we do.
  base::Task<> joinUntilDone() {
    std::string told;
    while (!agent_.clustered()) {
      std::string why;
      try {
        co_await swarm_.join(config_.clusterListen, config_.clusterAdvertise, config_.join,
                             readToken(config_.joinTokenFile));
      } catch (const std::exception& failed) {
        why = failed.what();
      }
      if (why != told && !why.empty()) log_.warn("cannot join yet", {{"reason", why}});
      told = why;
      if (!agent_.clustered()) co_await base::sleepFor(loop_, joinAgainAfter);
    }
  }

  void releaseMemoryLater() {
    memoryTimer_.start(atRestAfter, [] { base::releaseStartUpMemory(); });
  }

  // Nobody else was served meanwhile.
  void tellLongTurn(const base::Turn& turn) {
    longTurns_++;
    if (toldLongTurn_ && loop_.now() - *toldLongTurn_ < longTurnsEvery) return;
    toldLongTurn_ = loop_.now();
    auto inMs = [](base::nanoseconds time) {
      return std::round(std::chrono::duration<double, std::milli>(time).count() * 10) / 10;
    };
    log_.warn("the event loop was busy for long", {{"wall_ms", inMs(turn.wall)},
                                                   {"cpu_ms", inMs(turn.cpu)},
                                                   {"last_request", loop_.doing()},
                                                   {"times", std::exchange(longTurns_, 0)}});
  }

  // A write for each line would cost more than the request that it tells of.
  void flushLogSoon() {
    if (flushing_ || !log_.pending()) return;
    flushing_ = true;
    flushTimer_.start(logFlushAfter, [this] {
      flushing_ = false;
      log_.flush();
    });
  }

  // The first signal lets streams end, the second does not wait for them.
  void stop() {
    if (stopping_) {
      log_.warn("second signal, stopping at once");
      loop_.stop();
      return;
    }
    stopping_ = true;
    ::sd_notify(0, "STOPPING=1");
    log_.info("stopping", {{"connections", server_.connections()},
                           {"grace_ms", static_cast<int64_t>(config_.graceTime.count())}});
    background_.spawn(finish());
  }

  base::Task<> finish() {
    co_await server_.finish(config_.graceTime);
    loop_.stop();
  }

  void reloadConfig() {
    ::sd_notify(0, "RELOADING=1");
    try {
      Reloaded fresh = reload(config_, load(source_));
      server_.reconfigure(fresh.config);
      config_ = std::move(fresh.config);
      log_.setLevel(config_.logLevel);
      log_.setFormat(config_.logFormat);
      for (const std::string& change : fresh.changed)
        log_.info("setting changed", {{"setting", change}});
      for (const std::string& key : fresh.needRestart)
        log_.warn("setting changed in the file, but needs a restart", {{"setting", key}});
      log_.info("configuration reloaded", {{"changed", fresh.changed.size()}});
    } catch (const std::exception& wrong) {
      log_.error("configuration not reloaded, going on with the old one",
                 {{"reason", wrong.what()}});
    }
    ::sd_notify(0, "READY=1");
  }

  void faulted(std::exception_ptr fault) {
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& what) {
      log_.error("background task ended by a fault", {{"reason", what.what()}});
    }
  }

  Config config_;
  ConfigSource source_;
  base::Log& log_;
  std::vector<std::string_view> names_ = routeNames();
  base::Loop loop_;
  Metrics metrics_;
  docker::Engine engine_;
  docker::EngineState state_;
  docker::ContainerLists lists_;
  LocalApi local_;
  cluster::Agent agent_;
  catalog::ContainerIndex index_;
  catalog::HoldingsIndex held_;
  catalog::Locator locator_;
  orchestrator::ImageTransfer images_;
  scheduler::Placements placements_;
  orchestrator::NameClaims nameClaims_;
  orchestrator::VolumeClaims volumeClaims_;
  orchestrator::VolumeMove volumeMove_;
  orchestrator::ContainerCreate creation_;
  CreateCalls creates_;
  orchestrator::ContainerRename renames_;
  GlobalCalls globalCalls_;
  orchestrator::GlobalContainers globals_;
  orchestrator::ContainerMove moves_;
  orchestrator::Rebalancing rebalancing_;
  SwarmApi swarm_;
  Federation federation_;
  NodeApi nodeApi_;
  ClientCertificates clientCertificates_;
  Api api_;
  ClientTls clientTls_;
  Server server_;
  orchestrator::Publisher publisher_;
  std::optional<MetricsServer> metricsServer_;
  base::Timer flushTimer_{loop_};
  base::Timer memoryTimer_{loop_};
  std::optional<uint64_t> toldLongTurn_;
  uint64_t longTurns_ = 0;  // not told of yet
  bool flushing_ = false;
  bool stopping_ = false;
  base::Scope background_;
};

int run(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "client-cert")
    return clientCertCommand(argc - 1, argv + 1, std::cout);
  CommandLine commandLine = parseCommandLine(argc, argv, DROVER_VERSION, std::cout);
  if (commandLine.exitCode) return *commandLine.exitCode;

  ::signal(SIGPIPE, SIG_IGN);
  raiseDescriptorLimit();
  base::Log log;
  log.setLevel(commandLine.config.logLevel);
  log.setFormat(commandLine.config.logFormat);
  Daemon daemon(std::move(commandLine), log);
  daemon.run();
  return 0;
}

}  // namespace
}  // namespace proxy

int main(int argc, char** argv) {
  try {
    return proxy::run(argc, argv);
  } catch (const std::exception& wrong) {
    std::cerr << "droverd: " << wrong.what() << "\n";
    return 1;
  }
}
