#pragma once

// One client's connection from its first byte to its end: requests in order, each answered before
// the next is read; one log line and one measurement for each.

#include <functional>
#include <optional>
#include <string>

#include "base/log.h"
#include "proxy/api/api.h"
#include "proxy/http/exchange.h"
#include "proxy/http/metrics.h"
#include "proxy/quiet_log.h"

namespace proxy {

// What a connection is held to; may change between two requests.
struct ConnectionLimits {
  base::HttpLimits http;
  base::milliseconds headTimeout;
  base::milliseconds idleTimeout;
  // Of one that has not shown a certificate: for its handshake, and for each of its requests.
  base::milliseconds newcomerTimeout{5'000};
};

// Where a connection came from.
struct Arrival {
  std::string peer;  // names it in logs
  // Gives what it is secured with, when it begins to speak; nothing for one that is not.
  std::function<const base::TlsContext*()> tls = {};
  bool atPeersPort = false;
};

class Connection {
 public:
  // All must outlive it. `quiet` is for lines about who has not shown a certificate.
  Connection(std::unique_ptr<base::Stream> stream, Arrival arrival, Api& api,
             docker::Engine& engine, const ConnectionLimits& limits, BodyBudget& bodies,
             base::Log& log, QuietLog& quiet, Metrics& metrics);

  // Calls back when it has shown a certificate.
  void onKnown(std::function<void()> callback) { known_ = std::move(callback); }

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

  base::Task<bool> shakeHands();
  void tellLost(base::Level level, const char* why);
  base::Task<> serveRequests();
  base::Task<bool> readRequest();
  base::Task<> answerRequest();
  base::Task<> refuse(base::HttpError malformed);
  base::Task<> answer(Record& record);
  base::Task<> handleWithParameters(RouteMatch route, Parameters read);
  bool isHttp2() const;
  base::Task<> tunnelHttp2();
  void startTimer(bool forHead);
  void setTimer(base::milliseconds delay);

  Exchange client_;
  Arrival arrival_;
  std::function<void()> known_;
  Api& api_;
  docker::Engine& engine_;
  const ConnectionLimits& limits_;
  base::Log& log_;
  QuietLog& quiet_;
  Metrics& metrics_;
  base::Timer timer_;
  enum class Timing { nothing, idle, head } timing_ = Timing::nothing;
  base::Time deadline_;                  // of what is timed
  std::optional<base::Time> timerEnds_;  // while the timer runs
  uint64_t countedIn_ = 0;               // bytes read that requests before were charged with
  bool isStranger_;                      // secured, and no certificate was shown
  bool busy_ = false;
  bool finishing_ = false;
};

}  // namespace proxy
