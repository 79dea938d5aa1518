#include "proxy/http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace proxy {

namespace {

constexpr std::string_view methods[] = {"GET",    "HEAD",    "POST",  "PUT",
                                        "DELETE", "OPTIONS", "PATCH", "other"};

// The codes that the engine and droverd send; others share the last place.
constexpr int codes[] = {100, 101, 200, 201, 202, 204, 206, 301, 302, 304, 307, 308, 400,
                         401, 403, 404, 405, 406, 408, 409, 411, 412, 413, 414, 415, 416,
                         417, 426, 429, 431, 499, 500, 501, 502, 503, 504, 505, 0};

// From what droverd answers itself to what takes an engine long, in seconds.
constexpr double buckets[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                              0.1,    0.25,    0.5,    1,     2.5,    5,     10,   30};

double inSeconds(base::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

prometheus::Histogram::BucketBoundaries turnBuckets() {
  prometheus::Histogram::BucketBoundaries seconds;
  for (base::nanoseconds each : base::TurnTimes::bounds) seconds.push_back(inSeconds(each));
  return seconds;
}

std::size_t methodIndex(std::string_view method) {
  auto known = std::find(std::begin(methods), std::end(methods) - 1, method);
  return static_cast<std::size_t>(known - std::begin(methods));
}

std::size_t codeIndex(int code) {
  auto end = std::end(codes) - 1;
  auto known = std::lower_bound(std::begin(codes), end, code);
  if (known != end && *known != code) known = end;
  return static_cast<std::size_t>(known - std::begin(codes));
}

// What the kernel tells of this process, in /proc/self/stat (proc(5)).
struct ProcessFigures {
  double cpuSeconds = 0;
  double startSeconds = 0;  // since the epoch
  double virtualBytes = 0;
  double residentBytes = 0;
  double openFiles = 0;
  double maxFiles = 0;
};

// When this machine started, in seconds since the epoch.
double bootTime() {
  timespec now{}, up{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &up);
  return static_cast<double>(now.tv_sec - up.tv_sec) +
         static_cast<double>(now.tv_nsec - up.tv_nsec) / 1e9;
}

double countOpenFiles() {
  std::error_code unreadable;
  std::filesystem::directory_iterator files("/proc/self/fd", unreadable);
  return static_cast<double>(std::distance(begin(files), end(files))) -
         1;  // not the directory's own
}

ProcessFigures processFigures() {
  ProcessFigures figures;
  std::ifstream file("/proc/self/stat");
  std::string text(std::istreambuf_iterator<char>(file), {});
  // The second field is the program's name in parentheses and may hold anything; from the third
  // on, all are numbers but the state.
  std::vector<double> numbers;
  std::size_t at = text.rfind(')');
  for (at = at == text.npos ? at : text.find(' ', at + 2); at != text.npos;
       at = text.find(' ', at + 1)) {
    numbers.push_back(std::strtod(text.c_str() + at, nullptr));
  }
  // numbers[0] is field 4 of proc(5): utime is 14, stime 15, starttime 22, vsize 23, rss 24.
  if (numbers.size() > 20) {
    auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    figures.cpuSeconds = (numbers[10] + numbers[11]) / ticks;
    figures.startSeconds = bootTime() + numbers[18] / ticks;
    figures.virtualBytes = numbers[19];
    figures.residentBytes = numbers[20] * static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    figures.maxFiles = static_cast<double>(limit.rlim_cur);
  }
  figures.openFiles = countOpenFiles();
  return figures;
}

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

Family<Counter>& counters(prometheus::Registry& registry, const std::string& name,
                          const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

Family<Gauge>& gauges(prometheus::Registry& registry, const std::string& name,
                      const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
}

}  // namespace

// What was counted of one route since it was last shown. Plain numbers: the library's are made for
// many threads, and counting by them takes a request ten times as long.
struct Metrics::Route {
  std::array<std::array<std::uint64_t, std::size(codes)>, std::size(methods)> requests{};
  std::array<std::uint64_t, std::size(buckets) + 1> durations{};  // the last: longer than all
  double seconds = 0;
  std::uint64_t bytesIn = 0;
  std::uint64_t bytesOut = 0;
};

struct Metrics::Series {
  struct Listener {
    Gauge& open;
    Counter& accepted;
    Counter& refused;
  };

  prometheus::Registry registry;
  Family<Counter>& requests =
      counters(registry, "drover_http_requests_total", "Requests answered, by route and code.");
  Family<Histogram>& durations =
      prometheus::BuildHistogram()
          .Name("drover_http_request_duration_seconds")
          .Help("From the end of a request's head to the end of its answer.")
          .Register(registry);
  Family<Counter>& bytesIn = counters(registry, "drover_http_received_bytes_total",
                                      "Bytes received from clients, heads included.");
  Family<Counter>& bytesOut =
      counters(registry, "drover_http_sent_bytes_total", "Bytes sent to clients, heads included.");
  Family<Gauge>& open =
      gauges(registry, "drover_open_connections", "Connections from clients that are open.");
  Family<Counter>& accepted =
      counters(registry, "drover_connections_total", "Connections from clients accepted.");
  Family<Counter>& refused = counters(registry, "drover_connections_refused_total",
                                      "Connections closed at once because there were too many.");
  Gauge& streams = gauges(registry, "drover_open_streams",
                          "Streams (attach, logs, events and such) that are open.")
                       .Add({});
  Gauge& engineUp =
      gauges(registry, "drover_engine_up", "1 while the Docker Engine answers, else 0.").Add({});
  Counter& engineReconnects = counters(registry, "drover_engine_reconnects_total",
                                       "Number of times that the Docker Engine came back.")
                                  .Add({});
  Family<Counter>& listCache =
      counters(registry, "drover_list_cache_total", "Container lists answered, by source.");
  Counter& listHits = listCache.Add({{"result", "hit"}});
  Counter& listMisses = listCache.Add({{"result", "miss"}});

  // Registered by other parts; each brings its series up to date.
  std::vector<std::function<void()>> registered;

  Histogram& turns = prometheus::BuildHistogram()
                         .Name("drover_loop_turn_seconds")
                         .Help("How long the turns of the event loop took.")
                         .Register(registry)
                         .Add({}, turnBuckets());
  Family<Gauge>& longest =
      gauges(registry, "drover_loop_longest_turn_seconds",
             "The longest turn of the event loop since the last scrape, on the clock and in "
             "processor time.");
  Gauge& longestWall = longest.Add({{"time", "wall"}});
  Gauge& longestCpu = longest.Add({{"time", "cpu"}});
  std::function<base::TurnTimes()> takeTurns;

  Counter& cpu =
      counters(registry, "process_cpu_seconds_total", "Processor time used, in seconds.").Add({});
  Gauge& start = gauges(registry, "process_start_time_seconds",
                        "When the process started, in seconds since the epoch.")
                     .Add({});
  Gauge& resident =
      gauges(registry, "process_resident_memory_bytes", "Memory in use, in bytes.").Add({});
  Gauge& virtualSize =
      gauges(registry, "process_virtual_memory_bytes", "Address space in use, in bytes.").Add({});
  Gauge& openFiles =
      gauges(registry, "process_open_fds", "Number of open file descriptors.").Add({});
  Gauge& maxFiles =
      gauges(registry, "process_max_fds", "Maximum number of open file descriptors.").Add({});

  std::vector<std::string> routeNames;
  std::vector<std::unique_ptr<Route>> routes;
  std::vector<Listener> listeners;
};

Metrics::Metrics(std::span<const std::string_view> routes, std::string_view version)
    : series_(std::make_unique<Series>()) {
  series_->routeNames.assign(routes.begin(), routes.end());
  series_->routes.resize(routes.size());
  gauges(series_->registry, "drover_build_info", "Always 1; the labels describe the build.")
      .Add({{"version", std::string(version)}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::requestDone(std::size_t index, std::string_view method, int code, double seconds,
                          std::uint64_t bytesIn, std::uint64_t bytesOut) {
  std::unique_ptr<Route>& counted = series_->routes[index];
  if (!counted) counted = std::make_unique<Route>();
  counted->requests[methodIndex(method)][codeIndex(code)]++;
  auto bucket = std::lower_bound(std::begin(buckets), std::end(buckets), seconds);
  counted->durations[static_cast<std::size_t>(bucket - std::begin(buckets))]++;
  counted->seconds += seconds;
  counted->bytesIn += bytesIn;
  counted->bytesOut += bytesOut;
}

// Series are made when they have something to show.
void Metrics::showRoute(std::size_t index) {
  Route counted = std::exchange(*series_->routes[index], {});
  const std::string& name = series_->routeNames[index];
  for (std::size_t m = 0; m < std::size(methods); ++m) {
    for (std::size_t c = 0; c < std::size(codes); ++c) {
      if (counted.requests[m][c] == 0) continue;
      series_->requests
          .Add({{"route", name},
                {"method", std::string(methods[m])},
                {"code", codes[c] ? std::to_string(codes[c]) : "other"}})
          .Increment(static_cast<double>(counted.requests[m][c]));
    }
  }
  const prometheus::Labels labels = {{"route", name}};
  const prometheus::Histogram::BucketBoundaries bounds(std::begin(buckets), std::end(buckets));
  std::vector<double> durations(counted.durations.begin(), counted.durations.end());
  series_->durations.Add(labels, bounds).ObserveMultiple(durations, counted.seconds);
  series_->bytesIn.Add(labels).Increment(static_cast<double>(counted.bytesIn));
  series_->bytesOut.Add(labels).Increment(static_cast<double>(counted.bytesOut));
}

std::size_t Metrics::addListener(std::string_view url) {
  const prometheus::Labels labels = {{"listener", std::string(url)}};
  series_->listeners.push_back(
      {series_->open.Add(labels), series_->accepted.Add(labels), series_->refused.Add(labels)});
  return series_->listeners.size() - 1;
}

void Metrics::connectionOpened(std::size_t listener) {
  series_->listeners[listener].open.Increment();
  series_->listeners[listener].accepted.Increment();
}

void Metrics::connectionClosed(std::size_t listener) {
  series_->listeners[listener].open.Decrement();
}

void Metrics::connectionRefused(std::size_t listener) {
  series_->listeners[listener].refused.Increment();
}

void Metrics::streamOpened() {
  series_->streams.Increment();
}
void Metrics::streamClosed() {
  series_->streams.Decrement();
}
void Metrics::engineUp(bool up) {
  series_->engineUp.Set(up ? 1 : 0);
  if (up && engineWasUp_) series_->engineReconnects.Increment();
  engineWasUp_ = engineWasUp_ || up;
}
void Metrics::listCacheHit() {
  series_->listHits.Increment();
}
void Metrics::listCacheMiss() {
  series_->listMisses.Increment();
}

void Metrics::turnsAre(std::function<base::TurnTimes()> take) {
  series_->takeTurns = std::move(take);
}

void Metrics::gauge(const std::string& name, const std::string& help, Read read,
                    const Labels& labels) {
  Gauge& series = gauges(series_->registry, name, help).Add(labels);
  series_->registered.push_back([&series, read = std::move(read)] { series.Set(read()); });
}

void Metrics::counter(const std::string& name, const std::string& help, Read read,
                      const Labels& labels) {
  Counter& series = counters(series_->registry, name, help).Add(labels);
  series_->registered.push_back(
      [&series, read = std::move(read)] { series.Increment(read() - series.Value()); });
}

std::string Metrics::render() {
  for (std::size_t i = 0; i < series_->routes.size(); ++i) {
    if (series_->routes[i]) showRoute(i);
  }
  for (const std::function<void()>& update : series_->registered) update();
  if (series_->takeTurns) {
    base::TurnTimes turns = series_->takeTurns();
    std::vector<double> counts(turns.counts().begin(), turns.counts().end());
    series_->turns.ObserveMultiple(counts, inSeconds(turns.sum()));
    series_->longestWall.Set(inSeconds(turns.longest().wall));
    series_->longestCpu.Set(inSeconds(turns.longest().cpu));
  }
  ProcessFigures figures = processFigures();
  series_->cpu.Increment(figures.cpuSeconds - series_->cpu.Value());
  series_->start.Set(figures.startSeconds);
  series_->resident.Set(figures.residentBytes);
  series_->virtualSize.Set(figures.virtualBytes);
  series_->openFiles.Set(figures.openFiles);
  series_->maxFiles.Set(figures.maxFiles);
  return prometheus::TextSerializer().Serialize(series_->registry.Collect());
}

}  // namespace proxy
