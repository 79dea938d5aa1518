#pragma once

// Whether the engine is there, and what is known of it: watches the engine over one connection that
// carries its events, asks it now and then whether it still answers, and comes back with growing
// pauses when it was away.
//
// An engine may also hang: it is there and says nothing. That is suspected when a call has not
// begun to be answered for a moment, as long ones are not either; what counts is its silence to GET
// /_ping, which an engine answers whatever else it does. From then on calls to it fail at once,
// until it answers a ping again.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "docker/engine.h"

namespace docker {

// What the engine said about itself, with answers that can be given again in its place.
struct EngineFacts {
  base::HttpReply ping;      // GET /_ping
  base::HttpReply pingHead;  // HEAD /_ping
  base::HttpReply version;   // GET /version
  std::string apiVersion;
  std::string minApiVersion;
  std::string headers;  // Api-Version, Docker-Experimental, Ostype, Server: on every answer
};

class EngineState {
 public:
  struct Listener {
    std::function<void()> up;                           // connected; events follow
    std::function<void(std::string_view event)> event;  // one JSON object
    std::function<void()> down;                         // events were or may have been lost
  };

  // All must outlive it.
  EngineState(base::Loop& loop, Engine& engine, base::Log& log);

  // Those who listen are told in the order in which they began to.
  void listen(Listener listener) { listeners_.push_back(std::move(listener)); }

  // Watches until it is cancelled.
  base::Task<> run();

  // While the engine is up, else nullptr. Valid until the next co_await.
  const EngineFacts* facts() const { return up_ && !lost_ ? &facts_ : nullptr; }
  // The same from when it was last up; empty before the first time.
  const EngineFacts& lastFacts() const { return facts_; }

  // Reads the events that have arrived by now, without waiting.
  void catchUp();

 private:
  base::Task<> watchOnce();
  base::Task<> heartbeat();
  base::Task<> watchForSilence();
  base::Task<bool> isSilent();
  enum class Ping { underWay, heard, late };
  base::Task<> ping(base::milliseconds after, base::milliseconds limit, Ping& outcome);
  base::Task<> askFacts();
  void readEvents();
  void takeEvents();

  base::Loop& loop_;
  Engine& engine_;
  base::Log& log_;
  std::vector<Listener> listeners_;
  EngineFacts facts_;
  bool up_ = false;
  bool lost_ = false;       // the event stream has ended, which run() is about to find
  base::Event doubt_;       // fired when the engine should be asked whether it is there
  bool suspected_ = false;  // a call waits for its answer
  bool silent_ = false;
  base::Event suspicion_;
  base::Event answers_;  // after it was silent
  std::unique_ptr<base::HttpConnection> events_;
  std::string text_;  // events received and not yet handed on
};

}  // namespace docker
