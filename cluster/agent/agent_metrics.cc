#include "cluster/agent/agent_metrics.h"

#include "cluster/agent/agent.h"

namespace cluster {

void addMetrics(const Agent& agent, base::MetricRegistry& metrics) {
  metrics.gauge("drover_state_saved", "1 while the state directory can be written, else 0.",
                [&agent] { return agent.saved() ? 1 : 0; });
  metrics.gauge("drover_rotation_waiting",
                "1 while a CA rotation has been waiting for a node for long, else 0.",
                [&agent] { return agent.rotationWaits().empty() ? 0 : 1; });
}

}  // namespace cluster
