#pragma once

// Where parts of droverd register the figures that they show to Prometheus, each beside its code.

#include <functional>
#include <map>
#include <string>

namespace base {

class MetricRegistry {
 public:
  using Labels = std::map<std::string, std::string>;
  using Read = std::function<double()>;

  virtual ~MetricRegistry() = default;

  // `read` is asked at each scrape, and must be callable as long as the registry is. Names are
  // drover_PART_FIGURE, totals end in _total; several of one name differ in their labels.
  virtual void gauge(const std::string& name, const std::string& help, Read read,
                     const Labels& labels = {}) = 0;
  // A total, which only grows.
  virtual void counter(const std::string& name, const std::string& help, Read read,
                       const Labels& labels = {}) = 0;
};

}  // namespace base
