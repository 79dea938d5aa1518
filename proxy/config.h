#pragma once

// What droverd can be told, by /etc/drover/droverd.yml and by flags.
//
// Each setting stands once in fields(): its key, what it means and what it may be; its default is
// the initialiser in Config. The file, the flags, --help, the reference documentation and the
// comparison that SIGHUP makes all walk that list. Flags win over the file.

#include "base/log.h"
#include "labels/policy.h"
#include "proxy/listen_url.h"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

struct FileMode {
  unsigned bits = 0;
  bool operator==(const FileMode&) const = default;
};

struct Config {
  EngineSocket engine = {"/var/run/docker.sock"};
  std::vector<Listener> listen = {{.path = "/run/drover/docker.sock"}};
  std::string socketOwner = "root";
  std::string socketGroup = "docker";
  FileMode socketMode = {0660};
  std::string stateDir = "/var/lib/drover";
  std::string name;  // load() fills in the host name
  std::string tlsCa;
  std::string tlsCert;
  std::string tlsKey;
  std::vector<std::string> join;  // nodes to join by, when in no cluster
  std::string joinTokenFile;
  std::string clusterListen = "0.0.0.0:2377";
  std::string clusterAdvertise;
  int gossipPort = 7946;
  std::vector<std::string> nodeLabels;
  bool swarmApi = true;
  labels::Strategy placementStrategy = labels::Strategy::spread;
  int overcommitPercent = 5;
  std::chrono::milliseconds rebalanceInterval = std::chrono::seconds(30);
  bool measureLoad = true;
  std::optional<Address> metricsListen;
  base::Level logLevel = base::Level::info;
  base::LogFormat logFormat = base::LogFormat::text;
  int maxConnections = 20000;
  std::size_t maxHeadBytes = std::size_t{64} * 1024;
  int maxHeaders = 200;
  std::size_t maxBodyBytes = std::size_t{16} * 1024 * 1024;
  std::chrono::milliseconds headTimeout = std::chrono::seconds(30);
  std::chrono::milliseconds idleTimeout = std::chrono::minutes(5);
  std::chrono::milliseconds connectTimeout = std::chrono::seconds(5);
  std::chrono::milliseconds graceTime = std::chrono::seconds(10);

  bool operator==(const Config&) const = default;
};

// One line of the list of settings.
struct Key {
  enum class Form { path, account, nodeName, address, label };  // what a text may look like

  std::string_view name;  // in the file; as a flag it starts with -- and has - for _
  std::string_view help;
  bool reloads = false;    // taken over on SIGHUP
  std::int64_t least = 0;  // bounds of numbers, of sizes in bytes, of durations in milliseconds
  std::int64_t most = 0;
  Form form = Form::path;
  std::string_view empty = {};  // what the empty value means, if it may be empty
};

// Shows every setting to `visit(const Key&, T Config::*)`.
template <class Visit>
void fields(Visit&& visit) {
  constexpr std::int64_t kib = 1024, mib = 1024 * kib;
  constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;
  using Form = Key::Form;

  visit(Key{.name = "engine", .help = "Unix socket of this host's Docker Engine."},
        &Config::engine);
  visit(Key{.name = "listen",
            .help = "Where clients connect; may be given more than once. tcp:// always asks for a "
                    "client certificate. plain-tcp:// is unprotected and only for loopback. fd:// "
                    "takes the sockets that systemd opened. unix:// may end in "
                    "?mode=0660&owner=root&group=docker."},
        &Config::listen);
  visit(Key{.name = "socket_owner", .help = "Owner of the unix sockets.", .form = Form::account},
        &Config::socketOwner);
  visit(Key{.name = "socket_group",
            .help = "Group of the unix sockets; root if there is no such group. Its members are as "
                    "good as root.",
            .form = Form::account},
        &Config::socketGroup);
  visit(Key{.name = "socket_mode", .help = "File mode of the unix sockets."}, &Config::socketMode);
  visit(Key{.name = "state_dir", .help = "Directory for state that must survive a reboot."},
        &Config::stateDir);
  visit(Key{.name = "name",
            .help = "Unique name of this node.",
            .form = Form::nodeName,
            .empty = "the host name"},
        &Config::name);
  visit(Key{.name = "tls_ca",
            .help = "PEM file with the authorities whose client certificates are accepted, in "
                    "addition to the cluster's.",
            .reloads = true,
            .empty = "none"},
        &Config::tlsCa);
  visit(Key{.name = "tls_cert",
            .help = "PEM file with the server's certificate and its chain.",
            .reloads = true,
            .empty = "the node's own in the cluster"},
        &Config::tlsCert);
  visit(Key{.name = "tls_key",
            .help = "PEM file with the server's private key.",
            .reloads = true,
            .empty = "the node's own in the cluster"},
        &Config::tlsKey);
  visit(Key{.name = "join",
            .help = "Nodes of the cluster to join if this host is not in one yet, each HOST or "
                    "HOST:PORT; they are tried in turn until one accepts.",
            .form = Form::address,
            .empty = "none"},
        &Config::join);
  visit(Key{.name = "join_token_file",
            .help = "File with the join token for join, as \"docker swarm join-token\" prints it.",
            .empty = "none"},
        &Config::joinTokenFile);
  visit(Key{.name = "cluster_listen",
            .help = "Address to listen on for other nodes, when this host joins by the setting "
                    "join; docker swarm init and docker swarm join have --listen-addr for it.",
            .form = Form::address},
        &Config::clusterListen);
  visit(Key{.name = "cluster_advertise",
            .help = "Address or network interface to advertise to other nodes, when this host "
                    "joins by the setting join; docker swarm init and docker swarm join have "
                    "--advertise-addr for it.",
            .form = Form::address,
            .empty = "the address from which it reaches the cluster"},
        &Config::clusterAdvertise);
  visit(Key{.name = "gossip_port",
            .help = "UDP port for the cluster's gossip, the same on every node.",
            .least = 1,
            .most = 65535},
        &Config::gossipPort);
  visit(
      Key{.name = "node_labels",
          .help = "Labels of this node, KEY=VALUE, in addition to those set by docker node update.",
          .form = Form::label,
          .empty = "none"},
      &Config::nodeLabels);
  visit(Key{.name = "swarm_api",
            .help = "Whether clients see the cluster as an active swarm. Turn it off for tools "
                    "that expect no swarm; docker node and docker swarm then show nothing."},
        &Config::swarmApi);
  visit(Key{.name = "placement_strategy",
            .help = "How to choose a node for a container whose labels do not say: spread takes "
                    "the one with the most room, binpack the fullest on which it fits, random any. "
                    "Must be the same on every node."},
        &Config::placementStrategy);
  visit(Key{.name = "overcommit_percent",
            .help = "How many percent more processors and memory than a node has its containers "
                    "may reserve, unless its label io.drover.overcommit says otherwise. Must be "
                    "the same on every node.",
            .most = 1000},
        &Config::overcommitPercent);
  visit(Key{.name = "rebalance_interval",
            .help = "How often to check whether nodes are loaded unevenly and a container with "
                    "io.drover.rebalance=true should move; 0 for never. The setting of the node "
                    "with the lowest ID counts.",
            .most = 24 * hour},
        &Config::rebalanceInterval);
  visit(
      Key{.name = "measure_load",
          .help = "Whether to tell other nodes how busy this host is, which decides between nodes "
                  "with equal reservations. Turn it off where several nodes share a machine."},
      &Config::measureLoad);
  visit(Key{.name = "metrics_listen",
            .help = "Where to serve Prometheus metrics, in plain HTTP.",
            .empty = "off"},
        &Config::metricsListen);
  visit(Key{.name = "log_level", .help = "Minimum log level.", .reloads = true}, &Config::logLevel);
  visit(Key{.name = "log_format", .help = "Format of the log lines.", .reloads = true},
        &Config::logFormat);
  visit(Key{.name = "max_connections",
            .help = "Maximum number of client connections; more are closed at once.",
            .reloads = true,
            .least = 1,
            .most = 1000000},
        &Config::maxConnections);
  visit(Key{.name = "max_head_bytes",
            .help = "Maximum size of a request line with its headers; larger ones get status 431.",
            .reloads = true,
            .least = kib,
            .most = mib},
        &Config::maxHeadBytes);
  visit(Key{.name = "max_headers",
            .help = "Maximum number of headers in a request; more get status 431.",
            .reloads = true,
            .least = 10,
            .most = 10000},
        &Config::maxHeaders);
  visit(Key{.name = "max_body_bytes",
            .help = "Maximum size of a body that droverd reads itself, such as the engine's list "
                    "of containers; a larger one is passed on unread. Bodies that are only passed "
                    "on have no limit.",
            .least = 64 * kib,
            .most = 1024 * mib},
        &Config::maxBodyBytes);
  visit(Key{.name = "head_timeout",
            .help = "How long a client may take to send the request line and headers.",
            .reloads = true,
            .least = 100,
            .most = hour},
        &Config::headTimeout);
  visit(Key{.name = "idle_timeout",
            .help = "How long a connection may stay open without a request.",
            .reloads = true,
            .least = second,
            .most = 24 * hour},
        &Config::idleTimeout);
  visit(Key{.name = "connect_timeout",
            .help = "How long to wait for the engine to accept a connection.",
            .reloads = true,
            .least = 100,
            .most = 10 * minute},
        &Config::connectTimeout);
  visit(Key{.name = "grace_time",
            .help = "How long open streams may continue after SIGTERM.",
            .reloads = true,
            .least = 0,
            .most = hour},
        &Config::graceTime);
}

// Settings that cannot be used; what() has one line for each problem, ready to print.
struct ConfigError : std::runtime_error {
  explicit ConfigError(const std::vector<std::string>& problems);
};

// A key with the values given for it, and where: "droverd.yml:7" or "--log-level".
struct Setting {
  std::string key;
  std::vector<std::string> values;
  std::string where;
  bool isList = false;  // written as a list, be it of one
};

// Where the configuration comes from. Kept for reload, so that the flags win again.
struct ConfigSource {
  std::string file = "/etc/drover/droverd.yml";
  bool fileMustExist = false;  // it was named by --config
  std::vector<Setting> flags;
};

// Reads the file, puts the flags over it and checks the whole. Throws ConfigError.
Config load(const ConfigSource& source);

// The same from text, for tests: `file` is only named in messages.
Config loadText(std::string_view yaml, std::string_view file, const std::vector<Setting>& flags);

// What SIGHUP makes of a fresh configuration.
struct Reloaded {
  Config config;                         // the running one with what could be taken over
  std::vector<std::string> changed;      // "log_level: info -> debug"
  std::vector<std::string> needRestart;  // keys that changed but were not taken over
};
Reloaded reload(const Config& running, const Config& fresh);

// Who may use a unix socket. An id of -1 means "leave as it is", as for chown(2): only root can
// give files away. The warning, if any, is to be logged.
struct SocketAccess {
  uid_t owner = static_cast<uid_t>(-1);
  gid_t group = static_cast<gid_t>(-1);
  mode_t mode = 0;
  std::string warning;
};

// Asks the system for the ids behind the names in the listener's URL or in the configuration.
// Throws ConfigError if there is no such user; a group that does not exist becomes root's.
SocketAccess socketAccess(const Config& config, const Listener& listener);

// What can only be told by looking at the system: files that cannot be read. One line for each.
std::vector<std::string> systemProblems(const Config& config);

}  // namespace proxy
