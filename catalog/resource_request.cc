#include "catalog/resource_request.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "docker/merge_json.h"

namespace catalog {
namespace {

using base::member;
using base::number;
using base::text;
using base::texts;
using rapidjson::Value;

// Of one container. A request may name more; they are not counted.
constexpr size_t maxPorts = 1024;
constexpr size_t maxDevices = 64;
constexpr size_t maxWords = 64;
constexpr size_t maxWord = 256;
constexpr uint64_t usualPeriod = 100'000;

std::optional<uint16_t> portNumber(std::string_view text) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && port > 0 ? std::optional(port) : std::nullopt;
}

void add(std::vector<HostPort>& ports, HostPort port) {
  bool good = port.ip.size() <= maxWord && port.protocol.size() <= maxWord &&
              port.protocol.find_first_of(":/") == std::string::npos;
  if (good && ports.size() < maxPorts) ports.push_back(std::move(port));
}

// Of "80/tcp", which may be without it.
std::string protocolOf(std::string_view port) {
  size_t slash = port.find('/');
  return std::string(slash == std::string_view::npos ? "tcp" : port.substr(slash + 1));
}

std::vector<std::string> wordsIn(const Value& list) {
  std::vector<std::string> words;
  if (!list.IsArray()) return words;
  for (const Value& each : list.GetArray()) {
    bool good = each.IsString() && each.GetStringLength() <= maxWord;
    if (good && words.size() < maxWords) words.emplace_back(base::asText(each));
  }
  return words;
}

void takeDevices(std::vector<DeviceRequest>& devices, const Value* list) {
  if (!list || !list->IsArray()) return;
  for (const Value& each : list->GetArray()) {
    if (!each.IsObject() || devices.size() == maxDevices) continue;
    DeviceRequest device;
    if (text(each, "Driver").size() <= maxWord) device.driver = text(each, "Driver");
    const Value* count = member(each, "Count");
    if (count && count->IsInt64()) device.count = count->GetInt64();
    if (const Value* ids = member(each, "DeviceIDs")) device.ids = wordsIn(*ids);
    const Value* lists = member(each, "Capabilities");
    if (lists && lists->IsArray()) {
      for (const Value& all : lists->GetArray()) {
        if (device.capabilities.size() < maxWords) device.capabilities.push_back(wordsIn(all));
      }
    }
    devices.push_back(std::move(device));
  }
}

uint64_t nanoCpusOf(const docker::ResourceLimits& limits) {
  if (limits.nanoCpus > 0 || limits.cpuQuota == 0) return limits.nanoCpus;
  unsigned __int128 product = limits.cpuQuota;
  product = product * 1'000'000'000 / (limits.cpuPeriod > 0 ? limits.cpuPeriod : usualPeriod);
  return product > INT64_MAX ? INT64_MAX : static_cast<uint64_t>(product);
}

void keepBounded(std::vector<std::string>& words) {
  std::erase_if(words, [](const std::string& each) { return each.size() > maxWord; });
  if (words.size() > maxWords) words.resize(maxWords);
}

}  // namespace

ResourceRequest reservesOf(const docker::CreateRequest& request) {
  ResourceRequest reserves;
  docker::ResourceLimits limits = request.limits();
  reserves.nanoCpus = nanoCpusOf(limits);
  reserves.memory = limits.memoryReservation > 0 ? limits.memoryReservation : limits.memory;
  reserves.pids = limits.pids;
  if (request.networkMode() == "host") {
    // The container itself binds what it exposes, as far as anybody can tell; the engine nothing.
    for (const std::string& each : request.exposedPorts()) {
      std::optional<uint16_t> port = portNumber(each.substr(0, each.find('/')));
      if (port) add(reserves.ports, {"", *port, protocolOf(each)});
    }
  } else {
    for (docker::PortBinding& each : request.portBindings()) {
      std::optional<uint16_t> port = portNumber(each.hostPort);
      if (port) add(reserves.ports, {std::move(each.hostIp), *port, protocolOf(each.port)});
    }
  }
  reserves.devices = request.devices();
  if (reserves.devices.size() > maxDevices) reserves.devices.resize(maxDevices);
  for (DeviceRequest& each : reserves.devices) {
    if (each.driver.size() > maxWord) each.driver.clear();
    keepBounded(each.ids);
    if (each.capabilities.size() > maxWords) each.capabilities.resize(maxWords);
    for (std::vector<std::string>& all : each.capabilities) keepBounded(all);
  }
  return reserves;
}

std::optional<ResourceRequest> reservesOf(std::string_view inspection) {
  std::optional<docker::JsonObject> container = docker::JsonObject::parse(inspection);
  if (!container) return std::nullopt;
  // What stands on top of a request is in its Config.
  std::optional<docker::JsonObject> config = docker::JsonObject::parse(container->find("Config"));
  std::string_view host = container->find("HostConfig");
  std::string_view exposed = config ? config->find("ExposedPorts") : std::string_view();
  std::string request = "{\"HostConfig\":";
  request.append(host.empty() ? "null" : host).append(",\"ExposedPorts\":");
  request.append(exposed.empty() ? "null" : exposed).append("}");
  return reservesOf(docker::CreateRequest(request));
}

std::string encode(const ResourceRequest& reserves) {
  if (reserves == ResourceRequest()) return {};
  base::JsonWriter json;
  json.object();
  if (reserves.nanoCpus) json.member("NanoCpus", reserves.nanoCpus);
  if (reserves.memory) json.member("Memory", reserves.memory);
  if (reserves.pids) json.member("PidsLimit", reserves.pids);
  if (!reserves.ports.empty()) json.list("Ports");
  for (const HostPort& each : reserves.ports)
    json.value(std::string_view(each.ip + ":" + std::to_string(each.port) + "/" + each.protocol));
  if (!reserves.ports.empty()) json.endList();
  if (!reserves.devices.empty()) json.list("DeviceRequests");
  for (const DeviceRequest& each : reserves.devices) {
    json.object().member("Driver", each.driver).member("Count", each.count);
    json.members("DeviceIDs", each.ids).list("Capabilities");
    for (const std::vector<std::string>& all : each.capabilities) {
      json.list();
      for (const std::string& one : all) json.value(std::string_view(one));
      json.endList();
    }
    json.endList().endObject();
  }
  if (!reserves.devices.empty()) json.endList();
  return json.endObject().text();
}

ResourceRequest decodeResourceRequest(std::string_view json) {
  rapidjson::Document document = base::parseJson(json);
  ResourceRequest reserves;
  if (!document.IsObject()) return reserves;
  reserves.nanoCpus = number(document, "NanoCpus");
  reserves.memory = number(document, "Memory");
  reserves.pids = number(document, "PidsLimit");
  for (const std::string& each : texts(document, "Ports")) {
    size_t colon = each.rfind(':');
    if (colon == std::string::npos) continue;
    size_t slash = each.find('/', colon);
    if (slash == std::string::npos) continue;
    std::string_view all = each;
    std::optional<uint16_t> port = portNumber(all.substr(colon + 1, slash - colon - 1));
    if (port) add(reserves.ports, {each.substr(0, colon), *port, each.substr(slash + 1)});
  }
  takeDevices(reserves.devices, member(document, "DeviceRequests"));
  return reserves;
}

}  // namespace catalog
