#include "proxy/client_tls.h"

namespace proxy {
namespace {

base::TlsFiles filesOf(const DaemonSettings& config) {
  return {config.tlsCa, config.tlsCert, config.tlsKey};
}

}  // namespace

ClientTls::ClientTls(const DaemonSettings& config, const cluster::Agent& agent, base::Log& log)
    : agent_(agent), log_(log), made_(make(filesOf(config), agent.clientTrust())) {}

void ClientTls::reconfigure(const DaemonSettings& config) {
  made_ = make(filesOf(config), agent_.clientTrust());
}

const base::TlsContext* ClientTls::now() {
  std::shared_ptr<const cluster::ClientTrust> cluster = agent_.clientTrust();
  if (cluster != made_.cluster) {
    try {
      made_ = make(made_.files, cluster);
      told_.clear();
    } catch (const std::exception& wrong) {
      // Whoever is no longer trusted must not get in; the next connection tries again.
      made_.context.reset();
      if (told_ != wrong.what())
        log_.error("cannot set up TLS for clients", {{"reason", wrong.what()}});
      told_ = wrong.what();
    }
  }
  return made_.context ? &*made_.context : nullptr;
}

ClientTls::Made ClientTls::make(base::TlsFiles files,
                                std::shared_ptr<const cluster::ClientTrust> cluster) {
  Made made;
  made.files = std::move(files);
  made.cluster = std::move(cluster);
  if (made.cluster) {
    base::TlsOptions also;
    also.certificate = made.cluster->certificate;
    also.key = made.cluster->key.reveal();
    also.authorities = made.cluster->authorities;
    also.refuse = made.cluster->refuse;
    made.context = base::TlsContext::forServer(made.files, also);
  } else if (!made.files.cert.empty() && !made.files.ca.empty()) {
    made.context = base::TlsContext::forServer(made.files);
  }
  return made;
}

}  // namespace proxy
