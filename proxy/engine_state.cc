#include "proxy/engine_state.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "base/json.h"
#include "proxy/heads.h"

namespace proxy {
namespace {

using base::text;

using base::milliseconds;

constexpr milliseconds answerTimeout(10'000);
constexpr milliseconds heartbeatEvery(10'000);
constexpr milliseconds firstPause(100);
constexpr milliseconds longestPause(5'000);
constexpr size_t factsMost = 1024 * 1024;
constexpr size_t eventMost = 1024 * 1024;

// Only what changes lists and records:
// filters={"type":["container","image","network","volume","daemon"]}
constexpr std::string_view eventsTarget =
    "/events?filters=%7B%22type%22%3A%5B%22container%22%2C%22image%22%2C%22network%22%2C"
    "%22volume%22%2C%22daemon%22%5D%7D";

}  // namespace

bool versionLess(std::string_view a, std::string_view b) {
  auto part = [](std::string_view& text) {
    int number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    size_t dot = text.find('.');
    text = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
    return number;
  };
  while (!a.empty() || !b.empty()) {
    int x = part(a);
    int y = part(b);
    if (x != y) return x < y;
  }
  return false;
}

EngineState::EngineState(base::Loop& loop, Engine& engine, base::Log& log, Metrics& metrics)
    : loop_(loop), engine_(engine), log_(log), metrics_(metrics) {
  engine_.onIdleClosed([this] { doubt_.fire(); });
}

base::Task<> EngineState::run() {
  milliseconds pause = firstPause;
  std::minstd_rand random(std::random_device{}());
  std::string reported;
  for (;;) {
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
      metrics_.engineUp(false);
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
  fresh.version = co_await engine_.call(base::httpGet("/version", answerTimeout, factsMost));
  fresh.ping = co_await engine_.call(base::httpGet("/_ping", answerTimeout, factsMost));
  base::HttpCall head = base::httpGet("/_ping", answerTimeout, factsMost);
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
  metrics_.engineUp(true);
  if (wasUp_) metrics_.engineReconnected();
  wasUp_ = true;
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
  if (text_.size() > eventMost) throw base::StreamError("an event is too large");
}

// An engine may hang without closing anything; one that does not answer is down.
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

}  // namespace proxy
