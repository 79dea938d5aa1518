#include "labels/request.h"

#include "labels/quantity.h"
#include "labels/text.h"

#include <algorithm>
#include <utility>

namespace labels {
namespace {

constexpr std::string_view containerPrefix = "container:";
// More ranges than this are left to the engine: to find a port for each takes time.
constexpr size_t maxRanges = 256;
constexpr uint64_t usualCpuPeriod = 100'000;  // microseconds

// --- what lives on a node -----------------------------------------------------------------------

bool isBuiltIn(std::string_view network) {
  for (std::string_view name : {"", "default", "bridge", "host", "none", "nat"}) {
    if (network == name) return true;
  }
  return network.starts_with(containerPrefix);
}

void addPlugin(Policy& policy, std::string_view kind, std::string name) {
  if (!name.empty()) policy.plugins.push_back({std::string(kind), std::move(name)});
}

// Of containerd, which newer engines find by name or path without knowing it before.
bool isShim(std::string_view runtime) {
  return runtime.starts_with("io.containerd.") || runtime.starts_with('/');
}

// --- ports --------------------------------------------------------------------------------------

// "80/tcp"; nothing for what is none.
std::optional<Protocol> protocolOf(std::string_view port) {
  size_t slash = port.find('/');
  return slash == port.npos ? Protocol::tcp : findProtocol(port.substr(slash + 1));
}

// Any port if none is named. Nothing for what is no port.
std::optional<PortRequest> requestFor(std::string_view hostPort, Protocol protocol,
                                      std::string_view ip) {
  PortRequest request{.protocol = protocol, .ip = std::string(ip)};
  if (hostPort.empty() || hostPort == "0") return request;
  size_t dash = hostPort.find('-');
  std::optional<uint64_t> first = parseCount(hostPort.substr(0, dash));
  std::optional<uint64_t> last =
      dash == hostPort.npos ? first : parseCount(hostPort.substr(dash + 1));
  if (!first || !last || *first == 0 || *first > *last || *last > 65'535) return std::nullopt;
  request.first = static_cast<uint16_t>(*first);
  request.last = static_cast<uint16_t>(*last);
  return request;
}

class PortRequests {
 public:
  explicit PortRequests(std::vector<PortRequest>& requests) : requests_(requests) {}

  void add(std::string_view hostPort, std::string_view containerPort, std::string_view ip) {
    std::optional<Protocol> protocol = protocolOf(containerPort);
    std::optional<PortRequest> request;
    if (protocol) request = requestFor(hostPort, *protocol, ip);
    if (!request || (request->count() > 1 && ranges_++ >= maxRanges)) return;
    requests_.push_back(std::move(*request));
  }

 private:
  std::vector<PortRequest>& requests_;
  size_t ranges_ = 0;
};

void readPorts(const docker::CreateRequest& request, Policy& policy) {
  PortRequests requests(policy.ports);
  std::string network = request.networkMode();
  if (network.starts_with(containerPrefix) || network == "none") return;
  if (network == "host") {
    // The container binds what it exposes; published ports have no effect.
    for (const std::string& port : request.exposedPorts())
      requests.add(port.substr(0, port.find('/')), port, "");
    return;
  }
  for (const docker::PortBinding& each : request.portBindings())
    requests.add(each.hostPort, each.port, each.hostIp);
  if (!request.publishesAllPorts()) return;
  for (const std::string& port : request.exposedPorts()) requests.add("", port, "");
}

// --- reservations -------------------------------------------------------------------------------

// What there is one kind of: the first capability that the request names, or the kind of the
// vendor's device (CDI), or gpu.
std::string deviceKind(const docker::DeviceRequest& request) {
  if (request.driver == "cdi" && !request.ids.empty())
    return request.ids.front().substr(0, request.ids.front().find('='));
  const auto& sets = request.capabilities;
  return sets.empty() || sets[0].empty() ? "gpu" : sets[0][0];
}

void readDevices(const docker::CreateRequest& request, Policy& policy) {
  for (const docker::DeviceRequest& each : request.devices()) {
    uint64_t wanted = each.ids.size();
    if (wanted == 0)
      wanted = each.count < 0 ? Resources::all
                              : std::min(static_cast<uint64_t>(each.count), Resources::all);
    if (wanted > 0) policy.reserve += Resources{.generic = {{deviceKind(each), wanted}}};
  }
}

void readReservations(const docker::CreateRequest& request, Policy& policy) {
  docker::ResourceLimits limits = request.limits();
  Resources& reserve = policy.reserve;
  reserve.memory = limits.memoryReservation > 0 ? limits.memoryReservation : limits.memory;
  policy.nanoCpus = limits.nanoCpus;
  reserve.nanoCpus = policy.nanoCpus;
  uint64_t quota = limits.cpuQuota, period = limits.cpuPeriod;
  if (reserve.nanoCpus == 0 && quota > 0 && quota < UINT64_MAX / 1'000'000'000)
    reserve.nanoCpus = quota * 1'000'000'000 / (period > 0 ? period : usualCpuPeriod);
  reserve.pids = limits.pids;
  readDevices(request, policy);
}

}  // namespace

void readRequest(const docker::CreateRequest& request, Policy& policy) {
  policy.image = request.image();
  policy.containers = request.containers();
  policy.volumes = request.volumes();
  policy.binds = request.directories();
  policy.networks = request.networks();
  std::erase_if(policy.networks, isBuiltIn);
  readPorts(request, policy);
  readReservations(request, policy);
  for (std::string& driver : request.volumeDrivers())
    addPlugin(policy, "Volume", std::move(driver));
  std::string runtime = request.runtime();
  if (!isShim(runtime)) addPlugin(policy, "Runtime", std::move(runtime));
  addPlugin(policy, "Log", request.logDriver());
}

}  // namespace labels
