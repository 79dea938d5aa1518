#include "labels/request.h"

#include "labels/quantity.h"
#include "labels/text.h"

#include <algorithm>

namespace labels {
namespace {

constexpr std::string_view containerPrefix = "container:";
// More ranges than this are left to the engine: to find a port for each takes time.
constexpr size_t rangesMost = 256;
constexpr uint64_t usualCpuPeriod = 100'000;  // microseconds

std::string before(std::string_view text, char separator) {
  return std::string(text.substr(0, text.find(separator)));
}

template <class Visit>
void eachMember(const rapidjson::Value& object, const char* name, Visit visit) {
  const rapidjson::Value* found = base::member(object, name);
  if (!found || !found->IsObject()) return;
  for (const auto& each : found->GetObject()) visit(base::asText(each.name), each.value);
}

template <class Visit>
void eachElement(const rapidjson::Value& object, const char* name, Visit visit) {
  const rapidjson::Value* found = base::member(object, name);
  if (!found || !found->IsArray()) return;
  for (const rapidjson::Value& each : found->GetArray()) visit(each);
}

// --- what lives on a node -----------------------------------------------------------------------

bool isBuiltIn(std::string_view network) {
  for (std::string_view name : {"", "default", "bridge", "host", "none", "nat"}) {
    if (network == name) return true;
  }
  return network.starts_with(containerPrefix);
}

void addNetwork(Policy& policy, std::string_view network) {
  if (!isBuiltIn(network)) policy.networks.emplace_back(network);
}

void readContainers(const rapidjson::Value& host, Policy& policy) {
  for (const char* name : {"NetworkMode", "IpcMode", "PidMode"}) {
    std::string_view mode = base::text(host, name);
    if (mode.starts_with(containerPrefix))
      policy.containers.emplace_back(mode.substr(containerPrefix.size()));
  }
  for (const char* name : {"VolumesFrom", "Links"}) {
    for (const std::string& each : base::texts(host, name))
      policy.containers.push_back(before(each, ':'));
  }
}

void addPlugin(Policy& policy, std::string_view kind, std::string_view name) {
  if (!name.empty()) policy.plugins.push_back({std::string(kind), std::string(name)});
}

// Of containerd, which newer engines find by name or path without knowing it before.
bool isShim(std::string_view runtime) {
  return runtime.starts_with("io.containerd.") || runtime.starts_with('/');
}

void readVolumes(const rapidjson::Value& body, const rapidjson::Value& host, Policy& policy) {
  for (const std::string& bind : base::texts(host, "Binds")) {
    if (bind.find(':') == bind.npos) continue;  // an anonymous volume
    std::string source = before(bind, ':');
    (source.starts_with('/') ? policy.binds : policy.volumes).push_back(source);
  }
  eachElement(host, "Mounts", [&](const rapidjson::Value& mount) {
    std::string_view type = base::text(mount, "Type");
    std::string_view source = base::text(mount, "Source");
    if (type == "bind") policy.binds.emplace_back(source);
    if (type != "volume") return;
    if (!source.empty()) policy.volumes.emplace_back(source);
    const rapidjson::Value* options = base::member(mount, "VolumeOptions");
    const rapidjson::Value* driver = options ? base::member(*options, "DriverConfig") : nullptr;
    if (driver) addPlugin(policy, "Volume", base::text(*driver, "Name"));
  });
  std::string_view driver = base::text(host, "VolumeDriver");
  addPlugin(policy, "Volume", driver.empty() ? base::text(body, "VolumeDriver") : driver);
}

// --- ports --------------------------------------------------------------------------------------

// "80/tcp"; nothing for what is none.
std::optional<Protocol> protocolOf(std::string_view port) {
  size_t slash = port.find('/');
  return slash == port.npos ? Protocol::tcp : findProtocol(port.substr(slash + 1));
}

// Any port if none is named. Nothing for what is no port.
std::optional<PortWish> wishFor(std::string_view hostPort, Protocol protocol, std::string_view ip) {
  PortWish wish{.protocol = protocol, .ip = std::string(ip)};
  if (hostPort.empty() || hostPort == "0") return wish;
  size_t dash = hostPort.find('-');
  std::optional<uint64_t> first = parseCount(hostPort.substr(0, dash));
  std::optional<uint64_t> last =
      dash == hostPort.npos ? first : parseCount(hostPort.substr(dash + 1));
  if (!first || !last || *first == 0 || *first > *last || *last > 65'535) return std::nullopt;
  wish.first = static_cast<uint16_t>(*first);
  wish.last = static_cast<uint16_t>(*last);
  return wish;
}

class Wishes {
 public:
  explicit Wishes(std::vector<PortWish>& wishes) : wishes_(wishes) {}

  void add(std::string_view hostPort, std::string_view containerPort, std::string_view ip) {
    std::optional<Protocol> protocol = protocolOf(containerPort);
    std::optional<PortWish> wish;
    if (protocol) wish = wishFor(hostPort, *protocol, ip);
    if (!wish || (wish->count() > 1 && ranges_++ >= rangesMost)) return;
    wishes_.push_back(std::move(*wish));
  }

 private:
  std::vector<PortWish>& wishes_;
  size_t ranges_ = 0;
};

void readPorts(const rapidjson::Value& body, const rapidjson::Value& host, Policy& policy) {
  Wishes wishes(policy.ports);
  std::string_view network = base::text(host, "NetworkMode");
  if (network.starts_with(containerPrefix) || network == "none") return;
  if (network == "host") {
    // The container binds what it exposes; published ports have no effect.
    eachMember(body, "ExposedPorts", [&](std::string_view port, const rapidjson::Value&) {
      wishes.add(before(port, '/'), port, "");
    });
    return;
  }
  eachMember(host, "PortBindings", [&](std::string_view port, const rapidjson::Value& bindings) {
    if (!bindings.IsArray()) return;
    for (const rapidjson::Value& each : bindings.GetArray())
      wishes.add(base::text(each, "HostPort"), port, base::text(each, "HostIp"));
  });
  if (!base::isTrue(host, "PublishAllPorts")) return;
  eachMember(body, "ExposedPorts",
             [&](std::string_view port, const rapidjson::Value&) { wishes.add("", port, ""); });
}

// --- reservations -------------------------------------------------------------------------------

// What there is one kind of: the first capability that the request names, or the kind of the
// vendor's device (CDI), or gpu.
std::string deviceKind(const rapidjson::Value& request) {
  std::vector<std::string> ids = base::texts(request, "DeviceIDs");
  if (base::text(request, "Driver") == "cdi" && !ids.empty()) return before(ids.front(), '=');
  const rapidjson::Value* sets = base::member(request, "Capabilities");
  if (sets && sets->IsArray() && !sets->Empty() && (*sets)[0].IsArray() && !(*sets)[0].Empty() &&
      (*sets)[0][0].IsString())
    return std::string(base::asText((*sets)[0][0]));
  return "gpu";
}

void readDevices(const rapidjson::Value& host, Policy& policy) {
  eachElement(host, "DeviceRequests", [&](const rapidjson::Value& request) {
    const rapidjson::Value* count = base::member(request, "Count");
    uint64_t wanted = base::texts(request, "DeviceIDs").size();
    if (wanted == 0) {
      bool wantsAll = count && count->IsInt64() && count->GetInt64() < 0;
      wanted = wantsAll ? Resources::all : std::min(base::number(request, "Count"), Resources::all);
    }
    if (wanted > 0) policy.reserve += Resources{.generic = {{deviceKind(request), wanted}}};
  });
}

void readReservations(const rapidjson::Value& body, const rapidjson::Value& host, Policy& policy) {
  Resources& reserve = policy.reserve;
  reserve.memory = base::number(host, "MemoryReservation");
  if (reserve.memory == 0) reserve.memory = base::number(host, "Memory");
  if (reserve.memory == 0) reserve.memory = base::number(body, "Memory");
  policy.nanoCpus = base::number(host, "NanoCpus");
  reserve.nanoCpus = policy.nanoCpus;
  uint64_t quota = base::number(host, "CpuQuota"), period = base::number(host, "CpuPeriod");
  if (reserve.nanoCpus == 0 && quota > 0 && quota < UINT64_MAX / 1'000'000'000)
    reserve.nanoCpus = quota * 1'000'000'000 / (period > 0 ? period : usualCpuPeriod);
  reserve.pids = base::number(host, "PidsLimit");
  readDevices(host, policy);
}

}  // namespace

const rapidjson::Value& hostOf(const rapidjson::Value& body) {
  const rapidjson::Value* host = base::member(body, "HostConfig");
  return host && host->IsObject() ? *host : body;
}

void readRequest(const rapidjson::Value& body, Policy& policy) {
  policy.image = base::text(body, "Image");
  const rapidjson::Value& host = hostOf(body);
  readContainers(host, policy);
  readVolumes(body, host, policy);
  addNetwork(policy, base::text(host, "NetworkMode"));
  if (const rapidjson::Value* networking = base::member(body, "NetworkingConfig")) {
    eachMember(*networking, "EndpointsConfig",
               [&](std::string_view name, const rapidjson::Value&) { addNetwork(policy, name); });
  }
  readPorts(body, host, policy);
  readReservations(body, host, policy);
  std::string_view runtime = base::text(host, "Runtime");
  if (!isShim(runtime)) addPlugin(policy, "Runtime", runtime);
  if (const rapidjson::Value* log = base::member(host, "LogConfig"))
    addPlugin(policy, "Log", base::text(*log, "Type"));
}

}  // namespace labels
