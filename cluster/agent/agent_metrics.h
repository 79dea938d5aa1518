#pragma once

// The figures of this node's membership, for Prometheus.

#include "base/metrics.h"

namespace cluster {

class Agent;

// The agent must outlive the registry's last scrape.
void addMetrics(const Agent& agent, base::MetricRegistry& metrics);

}  // namespace cluster
