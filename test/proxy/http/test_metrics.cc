#include "proxy/http/metrics.h"

#include <criterion/criterion.h>

#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>

using proxy::Metrics;

namespace {

constexpr std::string_view routes[] = {"ping", "containers/json"};

bool has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

// The value of an unlabelled series; NaN if it is not there.
double valueOf(const std::string& text, const std::string& name) {
  std::size_t at = ("\n" + text).find("\n" + name + " ");
  return at == text.npos ? std::strtod("nan", nullptr)
                         : std::strtod(text.c_str() + at + name.size(), nullptr);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; ++at) ++found;
  return found;
}

}  // namespace

Test(metrics, requests_count_by_route_method_and_code) {
  Metrics metrics(routes, "1.2.3");
  metrics.requestDone(1, "GET", 200, 0.003, 5, 1000);
  metrics.requestDone(1, "GET", 200, 0.003, 5, 1000);
  metrics.requestDone(1, "GET", 404, 0.2, 0, 30);
  metrics.requestDone(0, "HEAD", 200, 0.00001, 0, 0);
  std::string text = metrics.render();
  for (const char* line : {
           "drover_http_requests_total{code=\"200\",method=\"GET\",route=\"containers/json\"} 2",
           "drover_http_requests_total{code=\"404\",method=\"GET\",route=\"containers/json\"} 1",
           "drover_http_requests_total{code=\"200\",method=\"HEAD\",route=\"ping\"} 1",
           "drover_http_request_duration_seconds_bucket{route=\"ping\",le=\"0.0001\"} 1",
           "drover_http_request_duration_seconds_bucket{route=\"containers/json\",le=\"0.0025\"} 0",
           "drover_http_request_duration_seconds_bucket{route=\"containers/json\",le=\"0.005\"} 2",
           "drover_http_request_duration_seconds_bucket{route=\"containers/json\",le=\"+Inf\"} 3",
           "drover_http_request_duration_seconds_count{route=\"containers/json\"} 3",
           "drover_http_received_bytes_total{route=\"containers/json\"} 10",
           "drover_http_sent_bytes_total{route=\"containers/json\"} 2030",
       }) {
    cr_expect(has(text, line), "%s", line);
  }
}

Test(metrics, what_was_shown_counts_on) {
  Metrics metrics(routes, "1");
  for (int i = 1; i <= 3; i++) {
    metrics.requestDone(0, "GET", 200, 100, 5, 7);
    std::string text = metrics.render(), times = std::to_string(i);
    cr_expect(has(
        text, "drover_http_requests_total{code=\"200\",method=\"GET\",route=\"ping\"} " + times));
    cr_expect(has(text, "drover_http_request_duration_seconds_bucket{route=\"ping\",le=\"30\"} 0"));
    cr_expect(has(text, "drover_http_request_duration_seconds_count{route=\"ping\"} " + times));
    cr_expect(
        has(text, "drover_http_request_duration_seconds_sum{route=\"ping\"} " + times + "00"));
    cr_expect(has(text, "drover_http_sent_bytes_total{route=\"ping\"} " + std::to_string(i * 7)));
  }
}

Test(metrics, routes_without_requests_take_no_lines) {
  Metrics metrics(routes, "1");
  metrics.requestDone(0, "GET", 200, 0, 0, 0);
  cr_assert_eq(metrics.render().find("containers/json"), std::string::npos);
}

Test(metrics, unknown_methods_and_codes_share_a_series) {
  Metrics metrics(routes, "1");
  for (int code = -5; code < 2000; ++code) {
    metrics.requestDone(0, "M" + std::to_string(code), code, 0, 0, 0);
  }
  std::string text = metrics.render();
  std::size_t series = count(text, "drover_http_requests_total{");
  cr_assert_lt(series, 50u, "%zu", series);
  cr_assert_eq(count(text, "method=\"other\""), series);
  cr_assert(
      has(text, "drover_http_requests_total{code=\"404\",method=\"other\",route=\"ping\"} 1"));
  cr_assert_eq(count(text, "drover_http_requests_total{code=\"other\""), 1u);
}

Test(metrics, connections_are_shown_by_listener) {
  Metrics metrics(routes, "1");
  std::size_t local = metrics.addListener("unix:///a");
  std::size_t tls = metrics.addListener("tcp://0.0.0.0:2376");
  metrics.connectionOpened(local);
  metrics.connectionOpened(local);
  metrics.connectionClosed(local);
  metrics.connectionRefused(tls);
  std::string text = metrics.render();
  for (const char* line : {
           "drover_open_connections{listener=\"unix:///a\"} 1",
           "drover_connections_total{listener=\"unix:///a\"} 2",
           "drover_connections_refused_total{listener=\"unix:///a\"} 0",
           "drover_open_connections{listener=\"tcp://0.0.0.0:2376\"} 0",
           "drover_connections_refused_total{listener=\"tcp://0.0.0.0:2376\"} 1",
       }) {
    cr_expect(has(text, line), "%s", line);
  }
}

Test(metrics, streams_engine_and_cache_are_shown) {
  Metrics metrics(routes, "1.2.3");
  metrics.streamOpened();
  metrics.streamOpened();
  metrics.streamClosed();
  for (bool up : {false, true, false, true}) metrics.engineUp(up);
  metrics.listCacheHit();
  metrics.listCacheHit();
  metrics.listCacheMiss();
  std::string text = metrics.render();
  for (const char* line : {
           "drover_open_streams 1",
           "drover_engine_up 1",
           "drover_engine_reconnects_total 1",
           "drover_list_cache_total{result=\"hit\"} 2",
           "drover_list_cache_total{result=\"miss\"} 1",
           "drover_build_info{version=\"1.2.3\"} 1",
       }) {
    cr_expect(has(text, line), "%s", line);
  }
  metrics.engineUp(false);
  cr_expect(has(metrics.render(), "drover_engine_up 0"));
}

Test(metrics, the_process_figures_are_those_of_this_process) {
  Metrics metrics(routes, "1");
  double before = valueOf(metrics.render(), "process_open_fds");
  int descriptor = ::dup(0);
  std::string text = metrics.render();
  ::close(descriptor);
  cr_expect_eq(valueOf(text, "process_open_fds"), before + 1);
  cr_expect_gt(valueOf(text, "process_max_fds"), before);
  cr_expect_gt(valueOf(text, "process_resident_memory_bytes"), 100 * 1024);
  cr_expect_gt(valueOf(text, "process_virtual_memory_bytes"),
               valueOf(text, "process_resident_memory_bytes"));
  cr_expect_geq(valueOf(text, "process_cpu_seconds_total"), 0);
  double age = double(std::time(nullptr)) - valueOf(text, "process_start_time_seconds");
  cr_expect(age > -2 && age < 600, "started %f seconds ago", age);
}

Test(metrics, label_values_are_escaped) {
  constexpr std::string_view odd[] = {"a\"b\\c\nd"};
  Metrics metrics(odd, "1");
  metrics.requestDone(0, "GET", 200, 0, 0, 0);
  cr_assert(has(metrics.render(), "drover_http_sent_bytes_total{route=\"a\\\"b\\\\c\\nd\"} 0"));
}

Test(metrics, turns_of_the_loop_are_shown_and_the_longest_since_the_last_scrape) {
  Metrics metrics(routes, "1.2.3");
  base::TurnTimes turns;
  turns.add({std::chrono::milliseconds(2), {}});
  turns.add({std::chrono::milliseconds(80), std::chrono::milliseconds(60)});
  metrics.turnsAre([&turns] { return std::exchange(turns, {}); });
  std::string text = metrics.render();
  cr_expect(has(text, "drover_loop_longest_turn_seconds{time=\"wall\"} 0.08"));
  cr_expect(has(text, "drover_loop_longest_turn_seconds{time=\"cpu\"} 0.06"));
  cr_expect(has(text, "drover_loop_turn_seconds_count 2"));
  cr_expect(has(text, "drover_loop_turn_seconds_bucket{le=\"0.005\"} 1"));
  text = metrics.render();
  cr_expect(has(text, "drover_loop_longest_turn_seconds{time=\"wall\"} 0"));
  cr_expect(has(text, "drover_loop_turn_seconds_count 2"));
}

Test(metrics, what_parts_register_is_asked_for_at_each_scrape) {
  Metrics metrics(routes, "1.2.3");
  double level = 3, total = 5;
  metrics.gauge("drover_tank_level", "How full.", [&level] { return level; });
  for (const char* side : {"left", "right"})
    metrics.counter("drover_tank_fills_total", "Fills.", [&total] { return total; },
                    {{"side", side}});
  std::string text = metrics.render();
  cr_expect(has(text, "# HELP drover_tank_level How full."));
  cr_expect(has(text, "# TYPE drover_tank_level gauge"));
  cr_expect(has(text, "drover_tank_level 3"));
  cr_expect(has(text, "# TYPE drover_tank_fills_total counter"));
  cr_expect(has(text, "drover_tank_fills_total{side=\"left\"} 5"));
  cr_expect(has(text, "drover_tank_fills_total{side=\"right\"} 5"));
  level = 1;
  total = 9;
  text = metrics.render();
  cr_expect(has(text, "drover_tank_level 1"));
  cr_expect(has(text, "drover_tank_fills_total{side=\"left\"} 9"));
}
