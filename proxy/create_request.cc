#include "proxy/create_request.h"

#include "base/json.h"
#include "proxy/merge_json.h"

namespace proxy {
namespace {

constexpr std::string_view containerPrefix = "container:";
constexpr std::string_view nodeConstraint = "constraint:node==";
constexpr const char* nodeLabel = "io.drover.node";

// What comes before the first ':' or '=' of a link, a bind or a volumes_from.
std::string before(std::string_view text, char separator) {
  return std::string(text.substr(0, text.find(separator)));
}

void takeMode(CreateRequest& request, std::string_view mode) {
  if (mode.starts_with(containerPrefix))
    request.containers.emplace_back(mode.substr(containerPrefix.size()));
}

bool isBuiltIn(std::string_view network) {
  for (std::string_view name : {"", "default", "bridge", "host", "none", "nat"}) {
    if (network == name) return true;
  }
  return network.starts_with(containerPrefix);
}

void takeHostConfig(CreateRequest& request, const rapidjson::Value& host) {
  std::string_view network = base::text(host, "NetworkMode");
  if (!isBuiltIn(network)) request.networks.emplace_back(network);
  for (const char* mode : {"NetworkMode", "IpcMode", "PidMode"})
    takeMode(request, base::text(host, mode));
  for (const std::string& from : base::texts(host, "VolumesFrom"))
    request.containers.push_back(before(from, ':'));
  for (const std::string& link : base::texts(host, "Links"))
    request.containers.push_back(before(link, ':'));
  for (const std::string& bind : base::texts(host, "Binds")) {
    std::string source = before(bind, ':');
    if (bind.find(':') == std::string::npos) continue;  // an anonymous volume
    if (source.starts_with('/')) {
      request.bindsHost = true;
    } else {
      request.volumes.push_back(source);
    }
  }
  const rapidjson::Value* mounts = base::member(host, "Mounts");
  if (!mounts || !mounts->IsArray()) return;
  for (const rapidjson::Value& mount : mounts->GetArray()) {
    std::string_view type = base::text(mount, "Type");
    std::string_view source = base::text(mount, "Source");
    if (type == "bind") request.bindsHost = true;
    if (type == "volume" && !source.empty()) request.volumes.emplace_back(source);
  }
}

}  // namespace

std::optional<CreateRequest> parseCreate(std::string_view body) {
  rapidjson::Document json = base::parseJson(body);
  if (!json.IsObject()) return std::nullopt;
  CreateRequest request;
  request.body = body;
  request.image = base::text(json, "Image");
  if (const rapidjson::Value* host = base::member(json, "HostConfig"))
    takeHostConfig(request, *host);
  const rapidjson::Value* networking = base::member(json, "NetworkingConfig");
  const rapidjson::Value* endpoints =
      networking ? base::member(*networking, "EndpointsConfig") : nullptr;
  if (endpoints && endpoints->IsObject()) {
    for (const auto& each : endpoints->GetObject()) {
      std::string_view network = base::asText(each.name);
      if (!isBuiltIn(network)) request.networks.emplace_back(network);
    }
  }
  if (const rapidjson::Value* labels = base::member(json, "Labels"))
    request.node = base::text(*labels, nodeLabel);

  // Only what is taken out changes: numbers, unknown members and all else stay as they were
  // written.
  std::optional<JsonObject> object = JsonObject::parse(body);
  if (!object) return request;
  std::optional<std::vector<std::string_view>> env = jsonElements(object->find("Env"));
  if (!env) return request;
  std::vector<std::string_view> kept;
  for (std::string_view each : *env) {
    rapidjson::Document element = base::parseJson(each);
    std::string_view text = element.IsString() ? base::asText(element) : std::string_view();
    if (text.starts_with(nodeConstraint)) {
      request.node = text.substr(nodeConstraint.size());
    } else {
      kept.push_back(each);
    }
  }
  if (kept.size() == env->size()) return request;
  object->set("Env", jsonList(kept));
  request.body = object->text();
  return request;
}

}  // namespace proxy
