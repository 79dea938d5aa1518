#include "docker/create_body.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/json.h"
#include "docker/merge_json.h"

namespace docker {
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

std::string unbound(std::string_view binding, const std::vector<std::string>& addresses) {
  std::optional<JsonObject> object = JsonObject::parse(binding);
  rapidjson::Document value = base::parseJson(object ? object->find("HostIp") : "");
  bool isOurs = value.IsString() && std::find(addresses.begin(), addresses.end(),
                                              base::asText(value)) != addresses.end();
  if (!isOurs) return std::string(binding);
  object->set("HostIp", jsonString(""));
  return object->text();
}

// With what the body says of its host as `change` makes it: in the HostConfig or, if there is none,
// beside it.
template <class Change>
std::string withHost(std::string_view body, Change change) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  if (!object) return std::string(body);
  std::optional<JsonObject> host = JsonObject::parse(object->find("HostConfig"));
  if (!host) {
    change(*object);
  } else {
    change(*host);
    object->set("HostConfig", host->text());
  }
  return object->text();
}

// With each binding of a published port as `change` makes it.
template <class Change>
void changeBindings(JsonObject& host, Change change) {
  std::optional<JsonObject> ports = JsonObject::parse(host.find("PortBindings"));
  if (!ports) return;
  for (const JsonMember& each : ports->members()) {
    std::optional<std::vector<std::string_view>> bindings = jsonElements(each.value);
    if (!bindings) continue;
    std::vector<std::string> changed;
    for (std::string_view binding : *bindings) changed.push_back(change(binding));
    ports->set(each.name, jsonList({changed.begin(), changed.end()}));
  }
  host.set("PortBindings", ports->text());
}

// The label for an element of Env, if it is an expression that is to be kept.
std::string_view labelFor(std::string_view expression) {
  constexpr std::pair<std::string_view, std::string_view> labels[] = {
      {"constraint:", "com.docker.swarm.constraints"},
      {"affinity:", "com.docker.swarm.affinities"},
      {"reschedule:", "com.docker.swarm.reschedule-policies"},
      {"whitelist:", "com.docker.swarm.whitelists"},
  };
  constexpr std::string_view replaced = "affinity:container==";
  constexpr size_t idLength = 64;
  bool isOfOne =
      expression.starts_with(replaced) && expression.size() == replaced.size() + idLength &&
      expression.find_first_not_of("0123456789abcdef", replaced.size()) == expression.npos;
  if (isOfOne) return {};
  for (const auto& [prefix, label] : labels) {
    if (expression.starts_with(prefix)) return label;
  }
  return {};
}

}  // namespace

std::string withoutEnv(std::string_view body, const std::vector<size_t>& taken) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  if (taken.empty() || !object) return std::string(body);
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
  if (address.empty()) return std::string(body);
  return withHost(body, [&](JsonObject& host) {
    changeBindings(host, [&](std::string_view each) { return boundTo(each, address); });
  });
}

std::string withoutPublishAddress(std::string_view body,
                                  const std::vector<std::string>& addresses) {
  if (addresses.empty()) return std::string(body);
  return withHost(body, [&](JsonObject& host) {
    changeBindings(host, [&](std::string_view each) { return unbound(each, addresses); });
  });
}

std::string withExpressionLabels(std::string_view body, const std::vector<size_t>& taken) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  if (taken.empty() || !object) return std::string(body);
  rapidjson::Document json = base::parseJson(body);
  const rapidjson::Value* env = base::member(json, "Env");
  std::map<std::string, std::vector<std::string>> kept;
  for (size_t each : taken) {
    bool isThere = env && env->IsArray() && each < env->Size();
    auto at = static_cast<rapidjson::SizeType>(each);
    std::string_view expression =
        isThere && (*env)[at].IsString() ? base::asText((*env)[at]) : std::string_view();
    std::string label(labelFor(expression));
    if (!label.empty()) kept[label].emplace_back(expression.substr(expression.find(':') + 1));
  }
  if (kept.empty()) return std::string(body);
  std::string_view given = object->find("Labels");
  std::optional<JsonObject> labels =
      JsonObject::parse(given.empty() || given == "null" ? "{}" : given);
  if (!labels) return std::string(body);
  const rapidjson::Value* before = base::member(json, "Labels");
  for (auto& [label, expressions] : kept) {
    base::JsonWriter list;
    list.list();
    if (before) {
      rapidjson::Document old = base::parseJson(base::text(*before, label.c_str()));
      if (old.IsArray())
        for (const rapidjson::Value& each : old.GetArray()) list.value(each);
    }
    for (const std::string& each : expressions) list.value(each);
    list.endList();
    labels->set(label, jsonString(list.text()));
  }
  object->set("Labels", labels->text());
  return object->text();
}

std::string withCleanEnd(std::string_view body) {
  return withHost(body, [](JsonObject& host) {
    std::optional<JsonObject> restart = JsonObject::parse(host.find("RestartPolicy"));
    if (!restart) return;
    std::string_view name = insideQuotes(restart->find("Name")).value_or("");
    if (name != "always" && name != "unless-stopped") return;
    restart->set("Name", "\"on-failure\"");
    host.set("RestartPolicy", restart->text());
  });
}

std::string withContainers(std::string_view body,
                           const std::map<std::string, std::string>& others) {
  return withHost(body, [&](JsonObject& host) {
    // The text with the container at `begin` changed, which goes up to a colon. The slash of a link
    // stays: it says in which form that is.
    auto changed = [&](std::string_view json, size_t begin) {
      rapidjson::Document value = base::parseJson(json);
      std::string text(value.IsString() ? base::asText(value) : std::string_view());
      size_t end = std::min(text.find(':', std::min(begin, text.size())), text.size());
      auto other =
          text.size() > begin ? others.find(text.substr(begin, end - begin)) : others.end();
      if (other == others.end()) return std::string(json);
      if (text[begin] == '/') begin++;
      return jsonString(text.replace(begin, end - begin, other->second));
    };
    constexpr std::string_view prefix = "container:";
    for (const char* name : {"NetworkMode", "IpcMode", "PidMode"}) {
      std::string_view mode = host.find(name);
      if (insideQuotes(mode).value_or("").starts_with(prefix))
        host.set(name, changed(mode, prefix.size()));
    }
    for (const char* name : {"VolumesFrom", "Links"}) {
      std::optional<std::vector<std::string_view>> all = jsonElements(host.find(name));
      if (!all) continue;
      std::vector<std::string> list;
      for (std::string_view each : *all) list.push_back(changed(each, 0));
      host.set(name, jsonList({list.begin(), list.end()}));
    }
  });
}

bool removesItself(std::string_view body) {
  bool removes = false;
  withHost(body, [&](JsonObject& host) { removes = host.find("AutoRemove") == "true"; });
  return removes;
}

std::string withHostname(std::string_view body, const std::string& name) {
  std::optional<JsonObject> object = JsonObject::parse(body);
  if (!object) return std::string(body);
  object->set("Hostname", jsonString(name));
  return object->text();
}

}  // namespace docker
