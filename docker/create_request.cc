#include "docker/create_request.h"

#include <algorithm>

#include "base/json.h"
#include "docker/create_type.h"

namespace docker {
namespace {

using Kind = base::GoType::Kind;

constexpr std::string_view containerPrefix = "container:";
constexpr const char* modes[] = {"NetworkMode", "IpcMode", "PidMode"};
constexpr const char* containerLists[] = {"VolumesFrom", "Links"};

std::string jsonString(std::string_view text) {
  return base::JsonWriter().value(text).text();
}

std::string before(const std::string& text, char separator) {
  return text.substr(0, text.find(separator));
}

bool isAnyAddress(std::string_view ip) {
  return ip.empty() || ip == "0.0.0.0" || ip == "::";
}

}  // namespace

CreateRequest::CreateRequest(std::string_view bytes) : document_(bytes, createType) {}

bool CreateRequest::hasHostConfig() const {
  return document_.isOf(child("HostConfig"), Kind::pointer);
}

CreateRequest::Node CreateRequest::child(std::string_view name) const {
  return document_.child(document_.root(), name);
}

CreateRequest::Node CreateRequest::host() const {
  return hasHostConfig() ? child("HostConfig") : document_.root();
}

CreateRequest::Node CreateRequest::ofHost(std::string_view name) const {
  return document_.child(host(), name);
}

template <class Visit>
void CreateRequest::eachMount(Visit visit) const {
  document_.each(ofHost("Mounts"), [&](Node mount) {
    visit(document_.textOf(mount, "Type"), document_.textOf(mount, "Source"), mount);
  });
}

template <class Visit>
void CreateRequest::eachBinding(Visit visit) const {
  document_.each(ofHost("PortBindings"), [&](Node port) {
    document_.each(port, [&](Node binding) {
      if (document_.isOf(binding, Kind::object)) visit(port, binding);
    });
  });
}

// --- what it asks for ---

std::string CreateRequest::image() const {
  return document_.textOf(document_.root(), "Image");
}

LabelPairs CreateRequest::labels() const {
  if (labels_) return *labels_;
  LabelPairs found;
  Node map = child("Labels");
  document_.each(map, [&](Node node) {
    if (document_.isOf(node, Kind::text))
      found.emplace_back(document_.nameOf(node), document_.text(node));
  });
  for (const auto& [key, json] : document_.putInto(map))
    found.emplace_back(key, document_.textOf(map, key));
  return found;
}

std::vector<std::string> CreateRequest::env() const {
  std::vector<std::string> found;
  document_.each(child("Env"), [&](Node node) { found.push_back(document_.text(node)); });
  return found;
}

bool CreateRequest::opensStdin() const {
  return document_.isTrue(document_.root(), "OpenStdin");
}

bool CreateRequest::removesItself() const {
  return document_.isTrue(host(), "AutoRemove");
}

std::string CreateRequest::restartPolicy() const {
  return document_.textOf(ofHost("RestartPolicy"), "Name");
}

std::string CreateRequest::runtime() const {
  return document_.textOf(host(), "Runtime");
}

std::string CreateRequest::logDriver() const {
  return document_.textOf(ofHost("LogConfig"), "Type");
}

std::string CreateRequest::networkMode() const {
  return document_.textOf(host(), "NetworkMode");
}

std::vector<std::string> CreateRequest::networks() const {
  std::vector<std::string> found = document_.namesOf(child("NetworkingConfig"), "EndpointsConfig");
  std::string mode = networkMode();
  if (!mode.empty()) found.insert(found.begin(), std::move(mode));
  return found;
}

std::vector<PortBinding> CreateRequest::portBindings() const {
  std::vector<PortBinding> found;
  eachBinding([&](Node port, Node binding) {
    found.push_back({document_.nameOf(port), document_.textOf(binding, "HostIp"),
                     document_.textOf(binding, "HostPort")});
  });
  return found;
}

std::vector<std::string> CreateRequest::exposedPorts() const {
  return document_.namesOf(document_.root(), "ExposedPorts");
}

bool CreateRequest::publishesAllPorts() const {
  return document_.isTrue(host(), "PublishAllPorts");
}

std::vector<std::string> CreateRequest::containers() const {
  std::vector<std::string> found;
  for (const char* name : modes) {
    std::string mode = document_.textOf(host(), name);
    if (mode.starts_with(containerPrefix)) found.push_back(mode.substr(containerPrefix.size()));
  }
  for (const char* name : containerLists) {
    for (const std::string& each : document_.textsOf(host(), name))
      found.push_back(before(each, ':'));
  }
  return found;
}

std::vector<std::string> CreateRequest::volumes() const {
  std::vector<std::string> found;
  for (const std::string& each : document_.textsOf(host(), "Binds")) {
    bool isAnonymous = each.find(':') == each.npos;
    if (!isAnonymous && !each.starts_with('/')) found.push_back(before(each, ':'));
  }
  eachMount([&](const std::string& type, const std::string& source, Node) {
    if (type == "volume" && !source.empty()) found.push_back(source);
  });
  return found;
}

std::vector<std::string> CreateRequest::directories() const {
  std::vector<std::string> found;
  for (const std::string& each : document_.textsOf(host(), "Binds")) {
    if (each.starts_with('/') && each.find(':') != each.npos) found.push_back(before(each, ':'));
  }
  eachMount([&](const std::string& type, const std::string& source, Node) {
    if (type == "bind") found.push_back(source);
  });
  return found;
}

std::vector<std::string> CreateRequest::volumeDrivers() const {
  std::vector<std::string> found;
  auto add = [&](std::string driver) {
    if (!driver.empty()) found.push_back(std::move(driver));
  };
  eachMount([&](const std::string& type, const std::string&, Node mount) {
    Node options = document_.child(mount, "VolumeOptions");
    if (type == "volume") add(document_.textOf(document_.child(options, "DriverConfig"), "Name"));
  });
  std::string driver = document_.textOf(host(), "VolumeDriver");
  add(driver.empty() ? document_.textOf(document_.root(), "VolumeDriver") : driver);
  return found;
}

ResourceLimits CreateRequest::limits() const {
  auto number = [this](Node object, const char* name) {
    return document_.numberOf<uint64_t>(object, name);
  };
  Node at = host();
  ResourceLimits limits;
  limits.nanoCpus = number(at, "NanoCpus");
  limits.cpuQuota = number(at, "CpuQuota");
  limits.cpuPeriod = number(at, "CpuPeriod");
  limits.memory = number(at, "Memory");
  if (limits.memory == 0) limits.memory = number(document_.root(), "Memory");
  limits.memoryReservation = number(at, "MemoryReservation");
  limits.pids = number(at, "PidsLimit");
  return limits;
}

std::vector<DeviceRequest> CreateRequest::devices() const {
  std::vector<DeviceRequest> found;
  document_.each(ofHost("DeviceRequests"), [&](Node node) {
    if (!document_.isOf(node, Kind::object)) return;
    DeviceRequest device;
    device.driver = document_.textOf(node, "Driver");
    device.count = document_.numberOf<int64_t>(node, "Count");
    device.ids = document_.textsOf(node, "DeviceIDs");
    document_.each(document_.child(node, "Capabilities"), [&](Node set) {
      std::vector<std::string>& words = device.capabilities.emplace_back();
      document_.each(set, [&](Node word) { words.push_back(document_.text(word)); });
    });
    found.push_back(std::move(device));
  });
  return found;
}

// --- changes ---

void CreateRequest::setLabel(const std::string& key, const std::string& value) {
  Node map = child("Labels");
  if (!isObject() || (!labels_ && document_.isMisfit(map))) return;
  if (!labels_ && document_.isOf(map, Kind::map)) return document_.put(map, key, jsonString(value));
  LabelPairs labels = labels_.value_or(LabelPairs());
  auto known = std::find_if(labels.begin(), labels.end(),
                            [&](const auto& each) { return each.first == key; });
  if (known != labels.end()) {
    known->second = value;
  } else {
    labels.emplace_back(key, value);
  }
  setLabels(std::move(labels));
}

void CreateRequest::setLabels(LabelPairs labels) {
  if (!isObject()) return;
  base::JsonWriter json;
  json.object();
  for (const auto& [key, value] : labels) json.member(key, value);
  json.endObject();
  Node given = child("Labels");
  if (given == base::GoDocument::none) {
    document_.put(document_.root(), "Labels", json.text());
  } else {
    document_.replace(given, json.text());
  }
  labels_ = std::move(labels);
}

void CreateRequest::dropEnv(const std::vector<size_t>& indexes) {
  document_.drop(child("Env"), indexes);
}

void CreateRequest::setHostname(const std::string& name) {
  document_.put(document_.root(), "Hostname", jsonString(name));
}

void CreateRequest::setImage(const std::string& image) {
  document_.put(document_.root(), "Image", jsonString(image));
}

void CreateRequest::setRestartPolicy(const std::string& name) {
  Node policy = ofHost("RestartPolicy");
  if (document_.isOf(policy, Kind::object)) document_.put(policy, "Name", jsonString(name));
}

void CreateRequest::dropAutoRemove() {
  if (removesItself()) document_.put(host(), "AutoRemove", "false");
}

void CreateRequest::setPublishAddress(const std::string& address) {
  eachBinding([&](Node, Node binding) {
    if (isAnyAddress(document_.textOf(binding, "HostIp")))
      document_.put(binding, "HostIp", jsonString(address));
  });
}

void CreateRequest::dropPublishAddresses(const std::vector<std::string>& addresses) {
  eachBinding([&](Node, Node binding) {
    std::string ip = document_.textOf(binding, "HostIp");
    bool isOne = std::find(addresses.begin(), addresses.end(), ip) != addresses.end();
    if (isOne && !ip.empty()) document_.put(binding, "HostIp", "\"\"");
  });
}

// The container at `begin` of the text, which goes up to a colon. The slash of a link stays: it
// says in which form that is.
void CreateRequest::replaceContainer(Node node, size_t begin,
                                     const std::map<std::string, std::string>& others) {
  std::string given = document_.text(node);
  if (given.size() <= begin) return;
  size_t end = std::min(given.find(':', begin), given.size());
  auto other = others.find(given.substr(begin, end - begin));
  if (other == others.end()) return;
  if (given[begin] == '/') begin++;
  document_.replace(node, jsonString(given.replace(begin, end - begin, other->second)));
}

void CreateRequest::replaceContainers(const std::map<std::string, std::string>& others) {
  for (const char* name : modes) {
    if (document_.textOf(host(), name).starts_with(containerPrefix))
      replaceContainer(ofHost(name), containerPrefix.size(), others);
  }
  for (const char* name : containerLists)
    document_.each(ofHost(name), [&](Node node) { replaceContainer(node, 0, others); });
}

}  // namespace docker
