#pragma once

// GET /metrics for Prometheus, on a listener of its own.

#include "base/acceptor.h"
#include "base/log.h"
#include "proxy/http/metrics.h"
#include "proxy/listen_url.h"

namespace proxy {

class MetricsServer {
 public:
  // All must outlive it. Throws std::runtime_error if the address cannot be used.
  MetricsServer(base::Loop& loop, const Address& address, Metrics& metrics, base::Log& log);

 private:
  base::Task<> serve(base::Fd fd);

  base::Loop& loop_;
  Metrics& metrics_;
  base::Log& log_;
  base::Fd listener_;
  size_t open_ = 0;
  base::Scope tasks_;
};

}  // namespace proxy
