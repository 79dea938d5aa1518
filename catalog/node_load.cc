#include "catalog/node_load.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace catalog {
namespace {

constexpr double stepPercent = 25;
// Half a step would be the middle.
constexpr double tolerancePercent = 17;

}  // namespace

std::optional<double> loadPerCpu(std::string_view loadavg, uint64_t cpus) {
  std::string_view minute = loadavg.substr(0, loadavg.find(' '));
  double load = 0;
  auto [end, error] = std::from_chars(minute.data(), minute.data() + minute.size(), load);
  bool isWhole = error == std::errc() && end == minute.data() + minute.size();
  if (!isWhole || !std::isfinite(load) || load < 0 || cpus == 0) return std::nullopt;
  return load / static_cast<double>(cpus);
}

uint64_t SteadyLoad::take(double load) {
  double percent = std::clamp(load, 0.0, 1.0) * 100;
  if (!step_ || std::abs(percent - static_cast<double>(*step_)) > tolerancePercent)
    step_ = static_cast<uint64_t>(std::lround(percent / stepPercent) * std::lround(stepPercent));
  return *step_;
}

}  // namespace catalog
