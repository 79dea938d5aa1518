#include "docker/engine_state.h"

#include <algorithm>
#include <random>

#include "base/json.h"
#include "base/rfc3339.h"
#include "docker/heads.h"
#include "docker/version.h"

namespace docker {
namespace {

using base::text;

using base::milliseconds;

constexpr milliseconds answerTimeout(10'000);
constexpr milliseconds heartbeatEvery(10'000);
constexpr milliseconds firstPause(100);
constexpr milliseconds longestPause(5'000);
// A call that is not answered for so long has the engine pinged, twice, the second time on a
// connection of its own. A busy engine may take a second over that. Together this is two seconds,
// for which a list waits for an engine that has just fallen silent.
constexpr milliseconds patience(400);
constexpr milliseconds pingLimit(1'400);
constexpr milliseconds secondPingAfter(300);
// A ping that took so much longer than its limit tells that we were not running ourselves.
constexpr milliseconds stalled(500);
constexpr milliseconds pingAgainAfter(250);
// What has waited for so long is a call that takes long by nature.
constexpr milliseconds longCall(10'000);
constexpr size_t maxFacts = 1024 * 1024;
constexpr size_t maxEvent = 1024 * 1024;

// Only what changes lists and records:
// filters={"type":["container","image","network","volume","daemon"]}
constexpr std::string_view eventsTarget =
    "/events?filters=%7B%22type%22%3A%5B%22container%22%2C%22image%22%2C%22network%22%2C"
    "%22volume%22%2C%22daemon%22%5D%7D";

}  // namespace

EngineState::EngineState(base::Loop& loop, Engine& engine, base::Log& log)
    : loop_(loop), engine_(engine), log_(log) {
  engine_.onIdleClosed([this] { doubt_.fire(); });
  engine_.onSilence(patience, [this] {
    suspected_ = true;
    suspicion_.fire();
  });
}

base::Task<> EngineState::run() {
  milliseconds pause = firstPause;
  std::minstd_rand random(std::random_device{}());
  std::string reported;
  base::Scope beside([](std::exception_ptr) {});
  beside.spawn(watchForSilence());
  for (;;) {
    while (silent_) co_await answers_.wait();
    std::string why;
    try {
      co_await watchOnce();
      why = "it closed the event stream";
    } catch (const std::exception& failed) {
      why = failed.what();
    }
    events_.reset();
    if (up_) {
      up_ = false;
      pause = firstPause;
      engine_.dropIdle();
      for (const Listener& each : listeners_) {
        if (each.down) each.down();
      }
      reported.clear();
    }
    if (why != reported) {
      log_.warn("engine is down", {{"engine", engine_.url()}, {"reason", why}});
      reported = why;
    }
    // Up to a quarter more, so that many hosts do not knock in step.
    milliseconds more(static_cast<int>(random() % static_cast<unsigned>(pause.count() / 4 + 1)));
    co_await base::sleepFor(loop_, pause + more);
    pause = std::min(pause * 2, longestPause);
  }
}

base::Task<> EngineState::askFacts() {
  EngineFacts fresh;
  fresh.version = co_await engine_.call(base::httpGet("/version", answerTimeout, maxFacts));
  fresh.ping = co_await engine_.call(base::httpGet("/_ping", answerTimeout, maxFacts));
  base::HttpCall head = base::httpGet("/_ping", answerTimeout, maxFacts);
  head.method = "HEAD";
  fresh.pingHead = co_await engine_.call(std::move(head));
  if (fresh.version.status != 200 || fresh.ping.status != 200)
    throw base::Unreachable("it does not answer GET /version and GET /_ping like a Docker Engine");
  rapidjson::Document document;
  document.Parse(fresh.version.body.data(), fresh.version.body.size());
  if (!document.IsObject()) throw base::Unreachable("its GET /version is not JSON");
  fresh.apiVersion = text(document, "ApiVersion");
  fresh.minApiVersion = text(document, "MinAPIVersion");
  fresh.headers = commonHeaders(fresh.version.head);
  facts_ = std::move(fresh);
}

// One connection to the engine, from finding it to losing it.
base::Task<> EngineState::watchOnce() {
  co_await askFacts();
  events_ = co_await engine_.connect(true);
  std::string request = "GET " + std::string(eventsTarget) + " HTTP/1.1\r\nHost: docker\r\n\r\n";
  co_await events_->stream->write(request);
  co_await events_->readHead(false);
  if (events_->reader.head().status() != 200) throw base::Unreachable("it refuses GET /events");

  text_.clear();
  events_->reader.collectInto(&text_);
  up_ = true;
  lost_ = false;
  log_.info("engine is up", {{"engine", engine_.url()}, {"api", facts_.apiVersion}});
  for (const Listener& each : listeners_) {
    if (each.up) each.up();
  }

  base::Scope beside([](std::exception_ptr) {});
  beside.spawn(heartbeat());
  takeEvents();
  while (!events_->reader.bodyDone()) {
    co_await events_->stream->readable();
    readEvents();
  }
}

void EngineState::catchUp() {
  if (!up_) return;
  try {
    readEvents();
  } catch (const std::exception& failed) {
    lost_ = true;
    events_->stream->cancel(failed.what());
  }
}

void EngineState::readEvents() {
  for (;;) {
    std::span<char> buffer = loop_.scratch();
    std::optional<size_t> got = events_->stream->tryRead(buffer);
    if (!got) return;
    if (*got == 0) {
      if (!events_->reader.endOfStream()) throw base::StreamError("it closed the event stream");
      return;
    }
    events_->rest.assign(buffer.data(), *got);
    takeEvents();
    if (*got < buffer.size()) return;
  }
}

void EngineState::takeEvents() {
  size_t used = events_->reader.feedBody(events_->rest);
  events_->rest.erase(0, used);
  size_t at = 0;
  for (size_t end; (end = text_.find('\n', at)) != std::string::npos; at = end + 1) {
    std::string_view line = std::string_view(text_).substr(at, end - at);
    for (const Listener& each : listeners_) {
      if (!line.empty() && each.event) each.event(line);
    }
  }
  text_.erase(0, at);
  if (text_.size() > maxEvent) throw base::StreamError("an event is too large");
}

base::Task<> EngineState::watchForSilence() {
  for (;;) {
    while (!suspected_) co_await suspicion_.wait();
    suspected_ = false;
    bool was = silent_;
    silent_ = co_await isSilent();
    if (was && !silent_) {
      engine_.answersAgain();
      answers_.fire();
    }
    if (!silent_) continue;
    if (!was) {
      std::string why = "it has not answered since " + base::rfc3339Now();
      engine_.fallSilent(why, longCall);
      lost_ = true;
      if (events_) events_->stream->cancel(why);
    }
    co_await base::sleepFor(loop_, pingAgainAfter);
    suspected_ = true;
  }
}

// One that is not there is not silent: its refusal is heard.
base::Task<bool> EngineState::isSilent() {
  for (;;) {
    base::Time began = loop_.now();
    Ping first = Ping::underWay, second = Ping::underWay;
    base::Scope pings([](std::exception_ptr) {});
    pings.spawn(ping(milliseconds(0), pingLimit, first));
    pings.spawn(ping(secondPingAfter, pingLimit - secondPingAfter, second));
    while (first != Ping::heard && second != Ping::heard && !pings.empty())
      co_await pings.taskEnded().wait();
    if (first == Ping::heard || second == Ping::heard) co_return false;
    bool wereStalled = loop_.now() > began + pingLimit + stalled;
    if (!wereStalled) co_return true;
  }
}

base::Task<> EngineState::ping(milliseconds after, milliseconds limit, Ping& outcome) {
  if (after.count() > 0) co_await base::sleepFor(loop_, after);
  base::HttpCall call = base::httpGet("/_ping", limit, maxFacts);
  call.isProbe = true;
  call.idempotent = after.count() == 0;
  base::Time began = loop_.now();
  bool isLate = false;
  try {
    co_await engine_.call(std::move(call));
  } catch (const std::exception&) {
    isLate = loop_.now() >= began + limit;
  }
  outcome = isLate ? Ping::late : Ping::heard;
}

// One that does not answer, or not as an engine does, is down.
base::Task<> EngineState::heartbeat() {
  for (;;) {
    base::Timer timer(loop_);
    timer.start(heartbeatEvery, [this] { doubt_.fire(); });
    co_await doubt_.wait();
    std::string why;
    try {
      co_await askFacts();
    } catch (const std::exception& failed) {
      why = failed.what();
    }
    if (!why.empty()) {
      lost_ = true;
      events_->stream->cancel(why);
      co_return;
    }
  }
}

}  // namespace docker
