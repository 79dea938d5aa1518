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
#include "cluster/agent/agent.h"
#include "proxy/client_cert_command.h"
#include "proxy/client_tls.h"
#include "proxy/command_line.h"
#include "proxy/config.h"
#include "proxy/metrics_server.h"
#include "proxy/parts.h"
#include "proxy/server.h"

namespace proxy {
namespace {

constexpr base::milliseconds logFlushAfter(200);
constexpr base::milliseconds joinAgainAfter(5'000);
// By then what a start, or entering a cluster, needs has run.
constexpr base::milliseconds atRestAfter(10'000);
// A turn of the loop that takes longer is told of, but not each of many.
constexpr base::milliseconds longTurn(50);
constexpr base::milliseconds longTurnsEvery(10'000);

// Ten thousand clients are twenty thousand descriptors.
void raiseDescriptorLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
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

Parts::Options partsOptions(const Config& config) {
  Parts::Options options;
  options.enginePath = config.engine.path;
  options.connectTimeout = config.connectTimeout;
  options.maxBodyBytes = config.maxBodyBytes;
  options.agent = agentOptions(config);
  options.swarmApi = config.swarmApi;
  options.settings = config;
  return options;
}

class Daemon {
 public:
  Daemon(CommandLine commandLine, base::Log& log)
      : config_(std::move(commandLine.config)),
        source_(std::move(commandLine.source)),
        log_(log),
        parts_(loop_, partsOptions(config_), peerHooks(), log_),
        clientTls_(config_, parts_.agent, log_),
        server_(loop_, config_, clientTls_, parts_.api, parts_.engine, log_, parts_.metrics),
        background_([this](std::exception_ptr fault) { faulted(fault); }) {
    if (config_.metricsListen)
      metricsServer_.emplace(loop_, *config_.metricsListen, parts_.metrics, log_);
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
    parts_.state.listen({[this] { parts_.metrics.engineUp(true); }, nullptr,
                         [this] { parts_.metrics.engineUp(false); }});
    parts_.metrics.turnsAre([this] { return loop_.takeTurnTimes(); });
    for (auto [name, level] : {std::pair{"warn", base::Level::warn}, {"error", base::Level::error}})
      parts_.metrics.counter(
          "drover_log_lines_total", "Log lines by level.",
          [this, level = level] { return static_cast<double>(log_.lines(level)); },
          {{"level", name}});
    background_.spawn(parts_.run());
    if (!parts_.agent.clustered() && !config_.join.empty()) background_.spawn(joinUntilDone());
    releaseMemoryLater();
    ::sd_notify(0, "READY=1");
    log_.info("droverd is ready", {{"version", DROVER_VERSION}, {"node", config_.name}});
    loop_.run();
    log_.info("droverd has stopped");
  }

 private:
  Parts::Hooks peerHooks() {
    return {[this](const cluster::Endpoint& listen) {
              server_.servePeers(
                  listen.host(), listen.port,
                  [this]() -> const base::TlsContext& { return parts_.agent.tlsForPeers(); },
                  [this] { return nodeAddresses(); });
              releaseMemoryLater();
            },
            [this] { server_.stopPeers(); },
            [this] { return config_.measureLoad ? firstLine("/proc/loadavg") : std::string(); }};
  }

  std::set<std::string> nodeAddresses() const {
    std::set<std::string> addresses;
    for (const cluster::Node& each : parts_.agent.nodes()) addresses.insert(each.address);
    return addresses;
  }

  // What the settings ask for; the other nodes, or our engine, may come up later than we do.
  base::Task<> joinUntilDone() {
    std::string told;
    while (!parts_.agent.clustered()) {
      std::string why;
      try {
        co_await parts_.swarmApi.join(config_.clusterListen, config_.clusterAdvertise, config_.join,
                                      readToken(config_.joinTokenFile));
      } catch (const std::exception& failed) {
        why = failed.what();
      }
      if (why != told && !why.empty()) log_.warn("cannot join yet", {{"reason", why}});
      told = why;
      if (!parts_.agent.clustered()) co_await base::sleepFor(loop_, joinAgainAfter);
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
    log_.warn("event loop was busy for too long", {{"wall_ms", inMs(turn.wall)},
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
      log_.error("configuration not reloaded, keeping the old one", {{"reason", wrong.what()}});
    }
    ::sd_notify(0, "READY=1");
  }

  void faulted(std::exception_ptr fault) {
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& what) {
      log_.error("background task failed", {{"reason", what.what()}});
    }
  }

  Config config_;
  ConfigSource source_;
  base::Log& log_;
  base::Loop loop_;
  Parts parts_;
  ClientTls clientTls_;
  Server server_;
  std::optional<MetricsServer> metricsServer_;
  base::Timer flushTimer_{loop_};
  base::Timer memoryTimer_{loop_};
  std::optional<base::Time> toldLongTurn_;
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
