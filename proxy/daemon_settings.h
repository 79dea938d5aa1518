#pragma once

// The settings of the daemon itself: its listeners, its engine, its limits, its log, and how it
// joins a cluster. Other parts have theirs beside their code (base/setting.h).

#include "base/log.h"
#include "base/setting.h"
#include "proxy/listen_url.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace proxy {

struct FileMode {
  unsigned bits = 0;
  bool operator==(const FileMode&) const = default;
};

struct DaemonSettings {
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

  bool operator==(const DaemonSettings&) const = default;

  template <class Visit>
  static void fields(Visit&& visit) {
    constexpr std::int64_t kib = 1024, mib = 1024 * kib;
    constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute;
    using Key = base::SettingKey;
    using Form = Key::Form;

    visit(Key{.name = "engine", .help = "Unix socket of this host's Docker Engine."},
          &DaemonSettings::engine);
    visit(
        Key{.name = "listen",
            .help = "Where clients connect; may be given more than once. tcp:// always asks for a "
                    "client certificate. plain-tcp:// is unprotected and only for loopback. fd:// "
                    "takes the sockets that systemd opened. unix:// may end in "
                    "?mode=0660&owner=root&group=docker."},
        &DaemonSettings::listen);
    visit(Key{.name = "socket_owner", .help = "Owner of the unix sockets.", .form = Form::account},
          &DaemonSettings::socketOwner);
    visit(
        Key{.name = "socket_group",
            .help = "Group of the unix sockets; root if there is no such group. Its members are as "
                    "good as root.",
            .form = Form::account},
        &DaemonSettings::socketGroup);
    visit(Key{.name = "socket_mode", .help = "File mode of the unix sockets."},
          &DaemonSettings::socketMode);
    visit(Key{.name = "state_dir", .help = "Directory for state that must survive a reboot."},
          &DaemonSettings::stateDir);
    visit(Key{.name = "name",
              .help = "Unique name of this node.",
              .form = Form::nodeName,
              .empty = "the host name"},
          &DaemonSettings::name);
    visit(Key{.name = "tls_ca",
              .help = "PEM file with the authorities whose client certificates are accepted, in "
                      "addition to the cluster's.",
              .reloads = true,
              .empty = "none"},
          &DaemonSettings::tlsCa);
    visit(Key{.name = "tls_cert",
              .help = "PEM file with the server's certificate and its chain.",
              .reloads = true,
              .empty = "the node's own in the cluster"},
          &DaemonSettings::tlsCert);
    visit(Key{.name = "tls_key",
              .help = "PEM file with the server's private key.",
              .reloads = true,
              .empty = "the node's own in the cluster"},
          &DaemonSettings::tlsKey);
    visit(Key{.name = "join",
              .help = "Nodes of the cluster to join if this host is not in one yet, each HOST or "
                      "HOST:PORT; they are tried in turn until one accepts.",
              .form = Form::address,
              .empty = "none"},
          &DaemonSettings::join);
    visit(
        Key{.name = "join_token_file",
            .help = "File with the join token for join, as \"docker swarm join-token\" prints it.",
            .empty = "none"},
        &DaemonSettings::joinTokenFile);
    visit(Key{.name = "cluster_listen",
              .help = "Address to listen on for other nodes, when this host joins by the setting "
                      "join; docker swarm init and docker swarm join have --listen-addr for it.",
              .form = Form::address},
          &DaemonSettings::clusterListen);
    visit(Key{.name = "cluster_advertise",
              .help = "Address or network interface to advertise to other nodes, when this host "
                      "joins by the setting join; docker swarm init and docker swarm join have "
                      "--advertise-addr for it.",
              .form = Form::address,
              .empty = "the address from which it reaches the cluster"},
          &DaemonSettings::clusterAdvertise);
    visit(Key{.name = "gossip_port",
              .help = "UDP port for the cluster's gossip, the same on every node.",
              .min = 1,
              .max = 65535},
          &DaemonSettings::gossipPort);
    visit(Key{.name = "node_labels",
              .help =
                  "Labels of this node, KEY=VALUE, in addition to those set by docker node update.",
              .form = Form::label,
              .empty = "none"},
          &DaemonSettings::nodeLabels);
    visit(Key{.name = "swarm_api",
              .help = "Whether clients see the cluster as an active swarm. Turn it off for tools "
                      "that expect no swarm; docker node and docker swarm then show nothing."},
          &DaemonSettings::swarmApi);
    visit(Key{.name = "measure_load",
              .help =
                  "Whether to tell other nodes how busy this host is, which decides between nodes "
                  "with equal reservations. Turn it off where several nodes share a machine."},
          &DaemonSettings::measureLoad);
    visit(Key{.name = "metrics_listen",
              .help = "Where to serve Prometheus metrics, in plain HTTP.",
              .empty = "off"},
          &DaemonSettings::metricsListen);
    visit(Key{.name = "log_level", .help = "Minimum log level.", .reloads = true},
          &DaemonSettings::logLevel);
    visit(Key{.name = "log_format", .help = "Format of the log lines.", .reloads = true},
          &DaemonSettings::logFormat);
    visit(Key{.name = "max_connections",
              .help = "Maximum number of client connections; more are closed at once.",
              .reloads = true,
              .min = 1,
              .max = 1000000},
          &DaemonSettings::maxConnections);
    visit(
        Key{.name = "max_head_bytes",
            .help = "Maximum size of a request line with its headers; larger ones get status 431.",
            .reloads = true,
            .min = kib,
            .max = mib},
        &DaemonSettings::maxHeadBytes);
    visit(Key{.name = "max_headers",
              .help = "Maximum number of headers in a request; more get status 431.",
              .reloads = true,
              .min = 10,
              .max = 10000},
          &DaemonSettings::maxHeaders);
    visit(
        Key{.name = "max_body_bytes",
            .help = "Maximum size of a body that droverd reads itself, such as the engine's list "
                    "of containers; a larger one is passed on unread. Bodies that are only passed "
                    "on have no limit.",
            .min = 64 * kib,
            .max = 1024 * mib},
        &DaemonSettings::maxBodyBytes);
    visit(Key{.name = "head_timeout",
              .help = "How long a client may take to send the request line and headers.",
              .reloads = true,
              .min = 100,
              .max = hour},
          &DaemonSettings::headTimeout);
    visit(Key{.name = "idle_timeout",
              .help = "How long a connection may stay open without a request.",
              .reloads = true,
              .min = second,
              .max = 24 * hour},
          &DaemonSettings::idleTimeout);
    visit(Key{.name = "connect_timeout",
              .help = "How long to wait for the engine to accept a connection.",
              .reloads = true,
              .min = 100,
              .max = 10 * minute},
          &DaemonSettings::connectTimeout);
    visit(Key{.name = "grace_time",
              .help = "How long open streams may continue after SIGTERM.",
              .reloads = true,
              .min = 0,
              .max = hour},
          &DaemonSettings::graceTime);
  }
};

}  // namespace proxy
