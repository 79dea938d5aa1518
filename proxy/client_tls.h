#pragma once

// How TCP listeners are secured: with the files that the settings name and, while this host is in a
// cluster, with the cluster's authority beside them. Each new connection is served with what holds
// at that moment, so that a rotation of the authority or a reload needs no pause.

#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/tls.h"
#include "cluster/agent/agent.h"
#include "proxy/daemon_settings.h"

namespace proxy {

class ClientTls {
 public:
  // `agent` and `log` must outlive it. Throws std::runtime_error that names the file that cannot be
  // used.
  ClientTls(const DaemonSettings& config, const cluster::Agent& agent, base::Log& log);

  // Goes by these settings from now on. Throws like the constructor, and then nothing has changed.
  void reconfigure(const DaemonSettings& config);

  // For a new connection, valid until the next call; nullptr while there is nothing to serve it
  // with: neither files nor a cluster.
  const base::TlsContext* now();

 private:
  struct Made {
    base::TlsFiles files;
    std::shared_ptr<const cluster::ClientTrust> cluster;
    std::optional<base::TlsContext> context;
  };
  static Made make(base::TlsFiles files, std::shared_ptr<const cluster::ClientTrust> cluster);

  const cluster::Agent& agent_;
  base::Log& log_;
  Made made_;
  std::string told_;  // the last fault that was logged
};

}  // namespace proxy
