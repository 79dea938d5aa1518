// What a joiner says, and what it is answered: any text is refused, or is written and read the same
// again.

#include "cluster/agent/admission.h"
#include "cluster/agent_error.h"
#include "test/fuzz/feed.h"

namespace {

const std::string clusterId(cluster::NodeId::length, 'c');

cluster::ClusterConfig config() {
  cluster::ClusterConfig config;
  config.id = clusterId;
  config.workerSecret = "w";
  config.managerSecret = "m";
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    static const cluster::ClusterConfig ours = config();
    cluster::joinerOf(text, ours, {});
  } catch (const cluster::AgentError& refused) {
    fuzz::require(refused.status() == 400 || refused.status() == 403);
  }
  try {
    fuzz::require(cluster::decodeCluster(text, "there").size() == cluster::NodeId::length);
  } catch (const cluster::AgentError& refused) {
    fuzz::require(refused.status() == 400 || refused.status() == 503);
  }
  std::optional<cluster::Admission> admission = cluster::decodeAdmission(text, clusterId);
  if (!admission) return 0;
  std::string written = encode(*admission);
  std::optional<cluster::Admission> again = cluster::decodeAdmission(written, clusterId);
  fuzz::require(again && encode(*again) == written);
  return 0;
}
