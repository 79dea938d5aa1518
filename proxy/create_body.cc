#include "proxy/create_body.h"

#include <algorithm>
#include <optional>

#include "base/json.h"
#include "proxy/merge_json.h"

namespace proxy {
namespace {

bool isAnyAddress(std::string_view json) {
  rapidjson::Document value = base::parseJson(json);
  std::string_view ip = value.IsString() ? base::asText(value) : std::string_view();
  return ip.empty() || ip == "0.0.0.0" || ip == "::";
}

// One binding, {"HostIp":...,"HostPort":...}.
std::string boundTo(std::string_view binding, const std::string& address) {
  std::optional<JsonObject> object = JsonObject::parse(binding);
  if (!object || !isAnyAddress(object->find("HostIp"))) return std::string(binding);
  object->set("HostIp", jsonString(address));
  return object->text();
}

}  // namespace

std::string withoutEnv(std::string_view body, const std::vector<size_t>& taken) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  if (taken.empty() || !object) return std::string(body);
  // Of two, the engine takes the last, and whoever read the indexes perhaps the first.
  const std::vector<JsonMember>& members = object->members();
  if (std::count_if(members.begin(), members.end(),
                    [](const JsonMember& each) { return each.name == "Env"; }) != 1)
    return std::string(body);
  std::optional<std::vector<std::string_view>> env = jsonElements(object->find("Env"));
  if (!env) return std::string(body);
  std::vector<std::string_view> kept;
  for (size_t i = 0; i < env->size(); i++) {
    if (!std::binary_search(taken.begin(), taken.end(), i)) kept.push_back((*env)[i]);
  }
  object->set("Env", jsonList(kept));
  return object->text();
}

std::string withPublishAddress(std::string_view body, const std::string& address) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  std::optional<JsonObject> host =
      object ? JsonObject::parse(object->find("HostConfig")) : std::nullopt;
  std::optional<JsonObject> ports =
      host ? JsonObject::parse(host->find("PortBindings")) : std::nullopt;
  if (!ports || address.empty()) return std::string(body);
  for (const JsonMember& each : ports->members()) {
    std::optional<std::vector<std::string_view>> bindings = jsonElements(each.value);
    if (!bindings) continue;
    std::vector<std::string> bound;
    for (std::string_view binding : *bindings) bound.push_back(boundTo(binding, address));
    ports->set(each.name, jsonList({bound.begin(), bound.end()}));
  }
  host->set("PortBindings", ports->text());
  object->set("HostConfig", host->text());
  return object->text();
}

std::string withCleanEnd(std::string_view body) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  std::optional<JsonObject> host =
      object ? JsonObject::parse(object->find("HostConfig")) : std::nullopt;
  std::optional<JsonObject> restart =
      host ? JsonObject::parse(host->find("RestartPolicy")) : std::nullopt;
  if (!restart) return std::string(body);
  std::string_view name = insideQuotes(restart->find("Name")).value_or("");
  if (name != "always" && name != "unless-stopped") return std::string(body);
  restart->set("Name", "\"on-failure\"");
  host->set("RestartPolicy", restart->text());
  object->set("HostConfig", host->text());
  return object->text();
}

std::string withHostname(std::string_view body, const std::string& name) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  if (!object) return std::string(body);
  object->set("Hostname", jsonString(name));
  return object->text();
}

}  // namespace proxy
