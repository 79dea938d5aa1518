#pragma once

// One client's connection from its first byte to its end: requests in order, each answered before
// the next is read; one log line and one measurement for each.

#include <functional>
#include <string>

#include "base/log.h"
#include "proxy/api.h"
#include "proxy/client.h"
#include "proxy/metrics.h"

namespace proxy {

// What a connection is held to; may change between two requests.
struct ConnectionLimits {
  base::HttpLimits http;
  base::milliseconds headTimeout;
  base::milliseconds idleTimeout;
};

class Connection {
 public:
  // All must outlive it, but for `tls`: if not null, it is needed until serve() first waits. `peer`
  // names the client in logs. `isPeer`: it came to the listener for nodes of the cluster.
  Connection(std::unique_ptr<base::Stream> stream, std::string peer, const base::TlsContext* tls,
             bool isPeer, Api& api, Engine& engine, const ConnectionLimits& limits, base::Log& log,
             Metrics& metrics);

  // Serves until either side ends it.
  base::Task<> serve();

  // No further request is taken; one that is being answered goes on. A silent connection ends.
  void finish();
  bool isPeer() const { return client_.fromNode; }
  // Whether a request is being answered.
  bool busy() const { return busy_; }
  // Ends it now.
  void cancel(std::string why) { client_.stream->cancel(std::move(why)); }

 private:
  struct Record;

  base::Task<> serveRequests();
  base::Task<bool> readRequest();
  base::Task<> answerRequest();
  base::Task<> refuse(base::HttpError malformed);
  base::Task<> answer(Record& record);
  base::Task<> handleWithParameters(RouteMatch route);
  bool isHttp2() const;
  base::Task<> tunnelHttp2();
  void startTimer(bool forHead);

  Client client_;
  std::string peer_;
  const base::TlsContext* tls_;
  Api& api_;
  Engine& engine_;
  const ConnectionLimits& limits_;
  base::Log& log_;
  Metrics& metrics_;
  base::Timer timer_;
  enum class Timing { nothing, idle, head } timing_ = Timing::nothing;
  uint64_t countedIn_ = 0;  // bytes read that requests before were charged with
  bool busy_ = false;
  bool finishing_ = false;
};

}  // namespace proxy
