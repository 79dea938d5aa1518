#pragma once

// The figures that droverd shows to Prometheus: those of requests and connections, and what other
// parts register.
//
// Counting is cheap enough for every request: numbers are looked up by index, and become series
// when they are shown. Their number is bounded, since routes come from the table given here, and
// methods and codes that we do not know count as "other". Whoever serves /metrics calls render().
//
// One thread uses a Metrics.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/metrics.h"
#include "base/turn_times.h"

namespace proxy {

class Metrics : public base::MetricRegistry {
 public:
  // The Content-Type of what render() gives.
  static constexpr std::string_view contentType = "text/plain; version=0.0.4; charset=utf-8";

  // Copies the names of the routes, in the order of their indices.
  Metrics(std::span<const std::string_view> routes, std::string_view version);
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // A request has been answered, or its client or the engine has gone. The bytes are all that it
  // took on the connection, heads included.
  void requestDone(std::size_t route, std::string_view method, int code, double seconds,
                   std::uint64_t bytesIn, std::uint64_t bytesOut);

  // Gives the index by which the other two know the listener. Call once for each listener.
  std::size_t addListener(std::string_view url);
  void connectionOpened(std::size_t listener);
  void connectionClosed(std::size_t listener);
  // One was closed at once, because there were too many.
  void connectionRefused(std::size_t listener);

  // Streams are requests without an end of their own: attach, logs -f, events and such.
  void streamOpened();
  void streamClosed();

  // Whether the engine is there; each time but the first that it is counts as a return.
  void engineUp(bool up);

  void listCacheHit();
  void listCacheMiss();

  // What the loop's turns took since the last scrape, which is part of each answer.
  void turnsAre(std::function<base::TurnTimes()> take);

  void gauge(const std::string& name, const std::string& help, Read read,
             const Labels& labels = {}) override;
  void counter(const std::string& name, const std::string& help, Read read,
               const Labels& labels = {}) override;

  // All series and those of this process, in Prometheus' text format.
  std::string render();

 private:
  struct Series;
  struct Route;

  void showRoute(std::size_t index);

  std::unique_ptr<Series> series_;
  bool engineWasUp_ = false;
};

}  // namespace proxy
