#include "catalog/container_spec.h"

#include <initializer_list>

#include "catalog/record_text.h"
#include "docker/asked_image.h"
#include "docker/merge_json.h"

namespace catalog {
namespace {

// As long as docker cuts ids for people.
constexpr size_t shortId = 12;

bool isShortId(std::string_view id, std::string_view json) {
  return docker::insideQuotes(json) == id.substr(0, shortId);
}

void append(std::string& out, std::string_view name, std::string_view value) {
  out.append(out.size() > 1 ? ",\"" : "\"").append(name).append("\":").append(value);
}

// All members but those that stand for nothing. One that joins the network of another has that
// one's names.
void appendMembers(std::string& out, std::string_view id, const docker::JsonObject& object,
                   bool hasOwnNames = true) {
  for (const docker::JsonMember& each : object.members()) {
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
std::string endpoint(std::string_view id, const docker::JsonObject& network) {
  std::string out = leanObject(network, {"IPAMConfig", "Links", "DriverOpts"});
  std::vector<std::string_view> aliases;
  for (std::string_view each :
       docker::jsonElements(network.find("Aliases")).value_or(std::vector<std::string_view>())) {
    if (!isShortId(id, each)) aliases.push_back(each);
  }
  if (aliases.empty()) return out;
  out.pop_back();
  append(out, "Aliases", docker::jsonList(aliases));
  return out + "}";
}

std::string endpoints(std::string_view id, std::string_view settings) {
  std::string out = "{";
  std::optional<docker::JsonObject> all = docker::JsonObject::parse(settings);
  std::optional<docker::JsonObject> networks =
      all ? docker::JsonObject::parse(all->find("Networks")) : all;
  if (!networks) return "{}";
  for (const docker::JsonMember& each : networks->members()) {
    std::optional<docker::JsonObject> network = docker::JsonObject::parse(each.value);
    append(out, each.name, network ? endpoint(id, *network) : "{}");
  }
  return out + "}";
}

}  // namespace

std::optional<std::string> specOf(std::string_view id, std::string_view inspection) {
  std::optional<docker::JsonObject> container = docker::JsonObject::parse(inspection);
  if (!container || docker::insideQuotes(container->find("Id")) != id) return std::nullopt;
  std::string asked = docker::withAskedImage(container->find("Config"));
  std::optional<docker::JsonObject> config = docker::JsonObject::parse(asked);
  std::optional<docker::JsonObject> host = docker::JsonObject::parse(container->find("HostConfig"));
  if (!config || !host) return std::nullopt;
  std::string body = "{";
  bool joins =
      docker::insideQuotes(host->find("NetworkMode")).value_or("").starts_with("container:");
  appendMembers(body, id, *config, !joins);
  std::string hostConfig = "{";
  appendMembers(hostConfig, id, *host);
  append(body, "HostConfig", hostConfig + "}");
  append(body, "NetworkingConfig",
         "{\"EndpointsConfig\":" + endpoints(id, container->find("NetworkSettings")) + "}");
  return body + "}";
}

}  // namespace catalog
