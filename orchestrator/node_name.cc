#include "orchestrator/node_name.h"

#include <algorithm>

#include "base/json.h"
#include "base/url.h"
#include "catalog/locator.h"
#include "docker/merge_json.h"
#include "labels/text.h"

namespace orchestrator {

std::optional<NodeName> parseNodeName(const cluster::Nodes& nodes, std::string_view text) {
  size_t slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == text.size())
    return std::nullopt;
  std::optional<cluster::Node> node = catalog::nodeCalled(nodes, text.substr(0, slash));
  if (!node) return std::nullopt;
  return NodeName{std::move(*node), std::string(text.substr(slash + 1))};
}

std::optional<std::string> requestedName(std::string_view body) {
  const rapidjson::Document json = base::parseJson(body);
  bool isBlank = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (json.HasParseError() && !isBlank) return std::nullopt;
  std::string name;
  if (!json.IsObject()) return name;
  for (const auto& each : json.GetObject()) {
    bool isName = labels::equalIgnoringCase(base::asText(each.name), "Name");
    if (isName && each.value.IsString()) name = base::asText(each.value);
  }
  return name;
}

std::string withText(std::string_view body, std::string_view member, std::string_view text) {
  std::optional<docker::JsonObject> object = docker::JsonObject::parse(body);
  if (!object) return std::string(body);
  object->set(member, docker::jsonString(text));
  return object->text();
}

std::string withParameter(std::string_view target, std::string_view name, std::string_view value) {
  size_t at = std::min(target.find('?'), target.size());
  std::string out(target.substr(0, at));
  while (at < target.size()) {
    size_t end = std::min(target.find('&', at + 1), target.size());
    std::string_view parameter = target.substr(at + 1, end - at - 1);
    std::string_view key = parameter.substr(0, parameter.find('='));
    out += target[at];
    if (base::decodeQueryValue(key).value_or("") == name) {
      out.append(key).append("=").append(base::encodeQueryValue(value));
    } else {
      out.append(parameter);
    }
    at = end;
  }
  return out;
}

}  // namespace orchestrator
