#pragma once

// Everything clients connect to: the listeners, the connections that came through them, and how
// both end.

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <unordered_set>

#include "base/acceptor.h"
#include "base/log.h"
#include "base/tls.h"
#include "proxy/api/api.h"
#include "proxy/client_tls.h"
#include "proxy/connection.h"
#include "proxy/daemon_settings.h"
#include "proxy/newcomers.h"
#include "proxy/quiet_log.h"

namespace proxy {

class Server {
 public:
  // All must outlive it. Opens every listener of `config` and starts to serve. Throws
  // std::runtime_error or ConfigError that tells which one could not be opened and why.
  Server(base::Loop& loop, const DaemonSettings& config, ClientTls& tls, Api& api,
         docker::Engine& engine, base::Log& log, Metrics& metrics);
  ~Server();

  // Takes over the settings that can change while it runs. Throws std::runtime_error, changing
  // nothing, if the TLS files cannot be used.
  void reconfigure(const DaemonSettings& config);

  // Serves the peers of a cluster, too, on one more listener. `tls` gives the context for each new
  // connection. Throws std::runtime_error if it cannot be opened.
  using TlsNow = std::function<const base::TlsContext&()>;
  // `addresses` gives those of the cluster's nodes.
  using Addresses = std::function<std::set<std::string>()>;
  void servePeers(const std::string& host, uint16_t port, TlsNow tls, Addresses addresses);
  // Ends that listener and all its connections.
  void stopPeers();

  // Takes no more connections and no more requests, waits up to `grace` for those being answered,
  // then ends them.
  base::Task<> finish(base::milliseconds grace);

  size_t connections() const { return open_.size(); }

 private:
  struct Listening {
    base::Fd fd;
    bool tls = false;
    std::string url;
    std::string unlinkAtEnd;
    size_t metric = 0;
    TlsNow peersTls = {};                     // of the listener for peers
    std::optional<Newcomers> newcomers = {};  // where certificates are shown
  };

  void open(const Listener& listener, const DaemonSettings& config);
  void acceptFrom(base::Scope& acceptors, Listening& listening);
  void openSystemd();
  void accepted(Listening& listening, base::Fd fd);
  bool hasRoom(const Listening& listening, int fd);
  void refuse(Listening& listening, int fd);
  void enter(Listening& listening, Connection* connection, std::string_view peer);
  bool isMember(const std::string& address);
  void giveMemoryBackSoon();
  base::Task<> serve(Listening& listening, std::unique_ptr<Connection> connection);
  void faulted(std::exception_ptr fault);

  base::Loop& loop_;
  Api& api_;
  docker::Engine& engine_;
  base::Log& log_;
  Metrics& metrics_;
  ClientTls& tls_;
  ConnectionLimits limits_;
  size_t maxConnections_ = 0;
  size_t descriptors_;  // that there may be
  BodyBudget bodies_;
  QuietLog quiet_;
  base::Time refusalLogged_;
  Addresses addresses_;
  std::set<std::string> members_;  // addresses
  std::optional<base::Time> membersAt_;
  std::list<Listening> listening_;
  std::unordered_set<Connection*> open_;
  size_t openPeers_ = 0;                // of these
  std::list<Listening> peerListening_;  // one or none; then its connections
  std::optional<base::Scope> acceptors_;
  std::optional<base::Scope> peerAcceptor_;
  base::Timer memoryTimer_;
  bool memoryTimed_ = false;
  base::Scope connections_;
};

}  // namespace proxy
