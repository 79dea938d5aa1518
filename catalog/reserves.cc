#include "catalog/reserves.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "labels/request.h"

namespace catalog {
namespace {

using base::member;
using base::number;
using base::text;
using base::texts;
using rapidjson::Value;

// Of one container. A request may name more; they are not counted.
constexpr size_t portsMost = 1024;
constexpr size_t devicesMost = 64;
constexpr size_t wordsMost = 64;
constexpr size_t wordMost = 256;
constexpr uint64_t usualPeriod = 100'000;

std::optional<uint16_t> portNumber(std::string_view text) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && port > 0 ? std::optional(port) : std::nullopt;
}

void add(std::vector<HostPort>& ports, HostPort port) {
  bool good = port.ip.size() <= wordMost && port.protocol.size() <= wordMost &&
              port.protocol.find_first_of(":/") == std::string::npos;
  if (good && ports.size() < portsMost) ports.push_back(std::move(port));
}

// Of "80/tcp", which may be without it.
std::string protocolOf(std::string_view port) {
  size_t slash = port.find('/');
  return std::string(slash == std::string_view::npos ? "tcp" : port.substr(slash + 1));
}

// {"80/tcp":{}}
void takeExposed(std::vector<HostPort>& ports, const Value& exposed) {
  if (!exposed.IsObject()) return;
  for (const auto& each : exposed.GetObject()) {
    std::string_view text = base::asText(each.name);
    std::optional<uint16_t> port = portNumber(text.substr(0, text.find('/')));
    if (port) add(ports, {"", *port, protocolOf(text)});
  }
}

// {"80/tcp":[{"HostIp":"","HostPort":"8080"}]}
void takeBindings(std::vector<HostPort>& ports, const Value& bindings) {
  if (!bindings.IsObject()) return;
  for (const auto& each : bindings.GetObject()) {
    std::string protocol = protocolOf(base::asText(each.name));
    if (!each.value.IsArray()) continue;
    for (const Value& binding : each.value.GetArray()) {
      std::optional<uint16_t> port = portNumber(text(binding, "HostPort"));
      if (port) add(ports, {std::string(text(binding, "HostIp")), *port, protocol});
    }
  }
}

std::vector<std::string> wordsIn(const Value& list) {
  std::vector<std::string> words;
  if (!list.IsArray()) return words;
  for (const Value& each : list.GetArray()) {
    bool good = each.IsString() && each.GetStringLength() <= wordMost;
    if (good && words.size() < wordsMost) words.emplace_back(base::asText(each));
  }
  return words;
}

void takeDevices(std::vector<DeviceRequest>& devices, const Value* list) {
  if (!list || !list->IsArray()) return;
  for (const Value& each : list->GetArray()) {
    if (!each.IsObject() || devices.size() == devicesMost) continue;
    DeviceRequest device;
    if (text(each, "Driver").size() <= wordMost) device.driver = text(each, "Driver");
    const Value* count = member(each, "Count");
    if (count && count->IsInt64()) device.count = count->GetInt64();
    if (const Value* ids = member(each, "DeviceIDs")) device.ids = wordsIn(*ids);
    const Value* lists = member(each, "Capabilities");
    if (lists && lists->IsArray()) {
      for (const Value& all : lists->GetArray()) {
        if (device.capabilities.size() < wordsMost) device.capabilities.push_back(wordsIn(all));
      }
    }
    devices.push_back(std::move(device));
  }
}

uint64_t nanoCpusOf(const Value& host) {
  uint64_t given = number(host, "NanoCpus");
  uint64_t quota = number(host, "CpuQuota");
  uint64_t period = number(host, "CpuPeriod");
  if (given > 0 || quota == 0) return given;
  unsigned __int128 product = quota;
  product = product * 1'000'000'000 / (period > 0 ? period : usualPeriod);
  return product > INT64_MAX ? INT64_MAX : static_cast<uint64_t>(product);
}

}  // namespace

std::optional<Reserves> reservesOf(std::string_view json) {
  rapidjson::Document document = base::parseJson(json);
  if (!document.IsObject()) return std::nullopt;
  Reserves reserves;
  const Value& host = labels::hostOf(document);
  reserves.nanoCpus = nanoCpusOf(host);
  reserves.memory = number(host, "MemoryReservation");
  if (reserves.memory == 0) reserves.memory = number(host, "Memory");
  if (reserves.memory == 0) reserves.memory = number(document, "Memory");
  reserves.pids = number(host, "PidsLimit");
  if (text(host, "NetworkMode") == "host") {
    // The container itself binds what it exposes, as far as anybody can tell; the engine nothing.
    const Value* config = member(document, "Config");
    const Value* exposed = member(config ? *config : document, "ExposedPorts");
    if (exposed) takeExposed(reserves.ports, *exposed);
  } else if (const Value* bindings = member(host, "PortBindings")) {
    takeBindings(reserves.ports, *bindings);
  }
  takeDevices(reserves.devices, member(host, "DeviceRequests"));
  return reserves;
}

std::string encode(const Reserves& reserves) {
  if (reserves == Reserves()) return {};
  base::JsonWriter json;
  json.object();
  if (reserves.nanoCpus) json.member("NanoCpus", reserves.nanoCpus);
  if (reserves.memory) json.member("Memory", reserves.memory);
  if (reserves.pids) json.member("Pids", reserves.pids);
  if (!reserves.ports.empty()) json.list("Ports");
  for (const HostPort& each : reserves.ports)
    json.value(std::string_view(each.ip + ":" + std::to_string(each.port) + "/" + each.protocol));
  if (!reserves.ports.empty()) json.endList();
  if (!reserves.devices.empty()) json.list("Devices");
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

Reserves decodeReserves(std::string_view json) {
  rapidjson::Document document = base::parseJson(json);
  Reserves reserves;
  if (!document.IsObject()) return reserves;
  reserves.nanoCpus = number(document, "NanoCpus");
  reserves.memory = number(document, "Memory");
  reserves.pids = number(document, "Pids");
  for (const std::string& each : texts(document, "Ports")) {
    size_t colon = each.rfind(':');
    if (colon == std::string::npos) continue;
    size_t slash = each.find('/', colon);
    if (slash == std::string::npos) continue;
    std::string_view all = each;
    std::optional<uint16_t> port = portNumber(all.substr(colon + 1, slash - colon - 1));
    if (port) add(reserves.ports, {each.substr(0, colon), *port, each.substr(slash + 1)});
  }
  takeDevices(reserves.devices, member(document, "Devices"));
  return reserves;
}

}  // namespace catalog
