#include "proxy/definition.h"

#include <initializer_list>

#include "proxy/asked_image.h"
#include "proxy/merge_json.h"
#include "proxy/record_text.h"

namespace proxy {
namespace {

// As long as docker cuts ids for people.
constexpr size_t shortId = 12;

bool isShortId(std::string_view id, std::string_view json) {
  return insideQuotes(json) == id.substr(0, shortId);
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(value);
}

// All members but those that stand for nothing. One that joins the network of another has that
// one's names.
void appendMembers(std::string& out, std::string_view id, const JsonObject& object,
                   bool hasOwnNames = true) {
  for (const JsonMember& each : object.members()) {
    bool nothing = each.value == "null" || each.value == "\"\"";
    bool isName = each.name == "Hostname" || each.name == "Domainname";
    bool madeUp =
        (each.name == "Hostname" && isShortId(id, each.value)) || (isName && !hasOwnNames);
    // A file on the host of the client, which it wrote.
    bool written = each.name == "ContainerIDFile";
    if (!nothing && !madeUp && !written) append(out, each.name, each.value);
  }
}

// What a client may ask for of one network.
std::string endpoint(std::string_view id, const JsonObject& network) {
  std::string out = leanObject(network, {"IPAMConfig", "Links", "DriverOpts"});
  std::vector<std::string_view> aliases;
  for (std::string_view each :
       jsonElements(network.find("Aliases")).value_or(std::vector<std::string_view>())) {
    if (!isShortId(id, each)) aliases.push_back(each);
  }
  if (aliases.empty()) return out;
  out.pop_back();
  append(out, "Aliases", jsonList(aliases));
  return out + "}";
}

std::string endpoints(std::string_view id, std::string_view settings) {
  std::string out = "{";
  std::optional<JsonObject> all = JsonObject::parse(settings);
  std::optional<JsonObject> networks = all ? JsonObject::parse(all->find("Networks")) : all;
  if (!networks) return "{}";
  for (const JsonMember& each : networks->members()) {
    std::optional<JsonObject> network = JsonObject::parse(each.value);
    append(out, each.name, network ? endpoint(id, *network) : "{}");
  }
  return out + "}";
}

}  // namespace

std::optional<std::string> definitionOf(std::string_view id, std::string_view inspection) {
  std::optional<JsonObject> container = JsonObject::parse(inspection);
  if (!container || insideQuotes(container->find("Id")) != id) return std::nullopt;
  std::string asked = withAskedImage(container->find("Config"));
  std::optional<JsonObject> config = JsonObject::parse(asked);
  std::optional<JsonObject> host = JsonObject::parse(container->find("HostConfig"));
  if (!config || !host) return std::nullopt;
  std::string body = "{";
  bool joins = insideQuotes(host->find("NetworkMode")).value_or("").starts_with("container:");
  appendMembers(body, id, *config, !joins);
  std::string hostConfig = "{";
  appendMembers(hostConfig, id, *host);
  append(body, "HostConfig", hostConfig + "}");
  append(body, "NetworkingConfig",
         "{\"EndpointsConfig\":" + endpoints(id, container->find("NetworkSettings")) + "}");
  return body + "}";
}

}  // namespace proxy
