#include "proxy/server.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <stdexcept>

#include "base/resident_memory.h"
#include "base/tcp.h"
#include "docker/heads.h"
#include "proxy/socket_access.h"

namespace proxy {
namespace {

ConnectionLimits limitsOf(const DaemonSettings& config) {
  ConnectionLimits limits;
  limits.http.headBytes = config.maxHeadBytes;
  limits.http.headers = static_cast<size_t>(config.maxHeaders);
  limits.headTimeout = config.headTimeout;
  limits.idleTimeout = config.idleTimeout;
  return limits;
}

// Connections to one listener that have not shown a certificate: for peers in all and from one
// address, and for clients, of whom one may well make hundreds at once. Of the descriptors they
// have an eighth at most.
constexpr size_t maxNewPeers = 512, maxNewPeersOfOne = 64;
constexpr size_t maxNewClients = 2048;
// Bodies of requests that are held at a time, whatever one of them may have.
constexpr size_t maxBodies = 64 * 1024 * 1024;
// For how long the addresses of the nodes are taken to be the same.
constexpr base::milliseconds membersFor(1'000);
constexpr base::milliseconds refusalsToldEvery(1'000);
// A load that is over has left free heap of this size; looked at so long after a connection ended.
constexpr size_t unusedHeap = 16 * 1024 * 1024;
constexpr base::milliseconds memoryAfter(5'000);

constexpr std::string_view notServed =
    "listener has no certificate yet; join a cluster, or set tls_ca, tls_cert and tls_key";

size_t descriptorLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

// "10.0.0.7" of "10.0.0.7:51034", "fe80::1" of "[fe80::1]:51034".
std::string addressOf(std::string_view peer) {
  std::string_view address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  if (address.starts_with("::ffff:")) address.remove_prefix(7);
  return std::string(address);
}

// What a client gets for whom there is no room.
std::string fullAnswer() {
  std::string body = docker::errorBody(
      "droverd serves as many connections as max_connections allows; close some or raise it");
  return "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
         "Connection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

Server::Server(base::Loop& loop, const DaemonSettings& config, ClientTls& tls, Api& api,
               docker::Engine& engine, base::Log& log, Metrics& metrics)
    : loop_(loop),
      api_(api),
      engine_(engine),
      log_(log),
      metrics_(metrics),
      tls_(tls),
      limits_(limitsOf(config)),
      maxConnections_(static_cast<size_t>(config.maxConnections)),
      descriptors_(descriptorLimit()),
      bodies_(std::max(maxBodies, static_cast<size_t>(config.maxBodyBytes))),
      quiet_(loop, log),
      memoryTimer_(loop),
      connections_([this](std::exception_ptr fault) { faulted(fault); }) {
  for (const Listener& listener : config.listen) open(listener, config);
  for (const Listening& each : listening_) {
    if (each.tls && !tls_.now()) log_.warn(notServed, {{"listener", each.url}});
  }
  acceptors_.emplace([this](std::exception_ptr fault) { faulted(fault); });
  for (Listening& each : listening_) acceptFrom(*acceptors_, each);
}

void Server::acceptFrom(base::Scope& acceptors, Listening& listening) {
  listening.metric = metrics_.addListener(listening.url);
  if (listening.tls) {
    size_t most = listening.peersTls ? maxNewPeers : maxNewClients;
    most = std::min(most, descriptors_ / 8);
    listening.newcomers.emplace(most, listening.peersTls ? maxNewPeersOfOne : most);
  }
  log_.info("listening", {{"listener", listening.url}, {"tls", listening.tls}});
  acceptors.spawn(base::acceptAll(
      loop_, listening.fd.get(),
      [this, &listening](base::Fd fd) { accepted(listening, std::move(fd)); },
      [this](std::string why) {
        quiet_.line(base::Level::error, "cannot accept connections for now", {{"reason", why}});
      }));
}

void Server::servePeers(const std::string& host, uint16_t port, TlsNow tls, Addresses addresses) {
  addresses_ = std::move(addresses);
  Listening made;
  made.url = "peers://" + host + ":" + std::to_string(port);
  made.fd = base::listenTcp(host, port);
  base::resendSoon(made.fd.get());
  made.tls = true;
  made.peersTls = std::move(tls);
  peerListening_.push_back(std::move(made));
  peerAcceptor_.emplace([this](std::exception_ptr fault) { faulted(fault); });
  acceptFrom(*peerAcceptor_, peerListening_.back());
}

void Server::stopPeers() {
  if (peerListening_.empty()) return;
  peerAcceptor_.reset();
  for (Connection* each : open_) {
    if (each->isPeer()) each->cancel("left the cluster");
  }
  peerListening_.back().fd = base::Fd();
}

Server::~Server() {
  for (Listening& each : listening_) {
    if (!each.unlinkAtEnd.empty()) ::unlink(each.unlinkAtEnd.c_str());
  }
}

void Server::open(const Listener& listener, const DaemonSettings& config) {
  if (listener.kind == Listener::Kind::systemd) {
    openSystemd();
    return;
  }
  Listening made;
  made.url = encode(listener);
  if (listener.kind == Listener::Kind::unixSocket) {
    SocketAccess access = socketAccess(config, listener);
    if (!access.warning.empty()) log_.warn(access.warning, {{"listener", made.url}});
    made.fd = base::listenUnix(listener.path, {access.owner, access.group, access.mode});
    made.unlinkAtEnd = listener.path;
  } else {
    made.fd = base::listenTcp(listener.address.host, listener.address.port);
    made.tls = listener.kind == Listener::Kind::tls;
  }
  listening_.push_back(std::move(made));
}

// The sockets that systemd opened for us (sd_listen_fds(3)). Those of TCP are served with TLS only.
void Server::openSystemd() {
  int count = ::sd_listen_fds(0);
  if (count <= 0)
    throw std::runtime_error(
        "fd:// asks for sockets opened by systemd, and there are none; enable droverd.socket");
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++) {
    Listening made;
    made.fd = base::Fd(fd);
    made.url = "fd://" + std::to_string(fd);
    made.tls = ::sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) <= 0;
    listening_.push_back(std::move(made));
  }
}

void Server::reconfigure(const DaemonSettings& config) {
  tls_.reconfigure(config);
  limits_ = limitsOf(config);
  maxConnections_ = static_cast<size_t>(config.maxConnections);
}

// Clients and nodes do not take each other's room. Descriptors are given out from the lowest number
// on, so the number tells how many are left: the last are for what serves the connections that
// there are, those before them for nodes.
bool Server::hasRoom(const Listening& listening, int fd) {
  bool isPeer = listening.peersTls != nullptr;
  size_t open = isPeer ? openPeers_ : open_.size() - openPeers_;
  size_t kept = isPeer ? descriptors_ / 16 : descriptors_ / 8;
  return open < maxConnections_ && static_cast<size_t>(fd) < descriptors_ - kept;
}

void Server::refuse(Listening& listening, int fd) {
  metrics_.connectionRefused(listening.metric);
  static const std::string answer = fullAnswer();
  if (!listening.tls) ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
  if (loop_.now() <= refusalLogged_ + refusalsToldEvery) return;
  refusalLogged_ = loop_.now();
  log_.warn("too many connections, closing new ones", {{"max_connections", maxConnections_},
                                                       {"descriptors", descriptors_},
                                                       {"listener", listening.url}});
}

bool Server::isMember(const std::string& address) {
  if (!addresses_) return false;
  if (!membersAt_ || loop_.now() > *membersAt_ + membersFor) {
    members_ = addresses_();
    membersAt_ = loop_.now();
  }
  return members_.contains(address);
}

void Server::enter(Listening& listening, Connection* connection, std::string_view peer) {
  connection->onKnown([&listening, connection] { listening.newcomers->leave(connection); });
  std::string address = addressOf(peer);
  bool member = listening.peersTls && isMember(address);
  Connection* gone = listening.newcomers->enter(connection, std::move(address), member);
  if (!gone) return;
  metrics_.connectionRefused(listening.metric);
  gone->cancel("too many connections without a certificate");
}

void Server::accepted(Listening& listening, base::Fd fd) {
  if (!hasRoom(listening, fd.get())) {
    refuse(listening, fd.get());
    return;
  }
  try {
    Arrival arrival;
    arrival.peer = base::peerOf(fd.get());
    arrival.atPeersPort = listening.peersTls != nullptr;
    std::string peer = arrival.peer;
    if (listening.tls && !arrival.atPeersPort && !tls_.now()) {
      quiet_.line(base::Level::warn, notServed, {{"listener", listening.url}, {"client", peer}});
      return;
    }
    if (arrival.atPeersPort) {
      arrival.tls = [&listening] { return &listening.peersTls(); };
    } else if (listening.tls) {
      arrival.tls = [this] { return tls_.now(); };
    }
    std::unique_ptr<base::Stream> stream = std::make_unique<base::Stream>(loop_, std::move(fd));
    std::unique_ptr<Connection> connection =
        std::make_unique<Connection>(std::move(stream), std::move(arrival), api_, engine_, limits_,
                                     bodies_, log_, quiet_, metrics_);
    if (listening.newcomers) enter(listening, connection.get(), peer);
    connections_.spawn(serve(listening, std::move(connection)));
  } catch (const std::exception&) {
    faulted(std::current_exception());  // of this connection; the listener goes on
  }
}

base::Task<> Server::serve(Listening& listening, std::unique_ptr<Connection> connection) {
  // In the set, and in the figures, for as long as this coroutine lives.
  struct Membership {
    Server& server;
    Listening& listening;
    Connection* connection;
    Membership(Server& s, Listening& l, Connection* c) : server(s), listening(l), connection(c) {
      server.open_.insert(connection);
      if (connection->isPeer()) server.openPeers_++;
      server.metrics_.connectionOpened(listening.metric);
    }
    ~Membership() {
      if (listening.newcomers) listening.newcomers->leave(connection);
      server.open_.erase(connection);
      if (connection->isPeer()) server.openPeers_--;
      server.metrics_.connectionClosed(listening.metric);
      server.giveMemoryBackSoon();
    }
  };
  Membership membership(*this, listening, connection.get());
  co_await connection->serve();
}

void Server::giveMemoryBackSoon() {
  if (memoryTimed_) return;
  memoryTimed_ = true;
  memoryTimer_.start(memoryAfter, [this] {
    memoryTimed_ = false;
    base::releaseUnusedHeap(unusedHeap);
  });
}

void Server::faulted(std::exception_ptr fault) {
  try {
    std::rethrow_exception(fault);
  } catch (const std::exception& what) {
    log_.error("connection failed", {{"reason", what.what()}});
  }
}

base::Task<> Server::finish(base::milliseconds grace) {
  acceptors_.reset();
  peerAcceptor_.reset();
  for (Listening& each : listening_) each.fd = base::Fd();
  for (Connection* each : open_) each->finish();
  base::Timer timer(loop_);
  bool over = false;
  timer.start(grace, [this, &over] {
    over = true;
    connections_.taskEnded().fire();
  });
  while (!connections_.empty() && !over) co_await connections_.taskEnded().wait();
  if (!connections_.empty())
    log_.warn("closing streams that are still open after grace_time", {{"streams", open_.size()}});
  connections_.cancelAll();
}

}  // namespace proxy
