#include "proxy/merge/merge_lists.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "docker/status_text.h"

namespace proxy {
namespace {

std::vector<NodeElement> allElements(std::span<const catalog::NodeAnswer> answers) {
  std::vector<NodeElement> all;
  for (const catalog::NodeAnswer& node : answers) {
    for (std::string_view json : catalog::listOf(node)) all.push_back({&node, json});
  }
  return all;
}

// ---- images

struct Image {
  std::vector<NodeElement> held;
  std::vector<docker::JsonObject> objects;
  int64_t created = 0;
};

bool isPlaceholder(std::string_view name) {
  return name == "\"<none>:<none>\"" || name == "\"<none>@<none>\"";
}

bool hasName(const Image& image, std::string_view list) {
  for (size_t i = 0; i < image.held.size(); i++) {
    for (std::string_view name :
         catalog::elementsOf(*image.held[i].node, image.objects[i].find(list), list))
      if (!isPlaceholder(name)) return true;
  }
  return false;
}

// An image without tag and digest has "<none>" for both; one with either has nothing for the other.
void uniteNames(Image& image, std::string_view list, bool named) {
  std::vector<std::string_view> all;
  std::string_view empty;
  for (size_t i = 0; i < image.held.size(); i++) {
    std::string_view value = image.objects[i].find(list);
    std::vector<std::string_view> names = catalog::elementsOf(*image.held[i].node, value, list);
    if (names.empty() && empty.empty()) empty = value;
    for (std::string_view name : names) {
      if (!named || !isPlaceholder(name)) all.push_back(name);
    }
  }
  image.objects.front().set(list, catalog::unitedList(empty, all, true));
}

// -1: the engine did not count them.
void sumContainers(Image& image) {
  int64_t sum = -1;
  for (size_t i = 0; i < image.held.size(); i++) {
    std::string_view value = image.objects[i].find("Containers");
    if (value.empty()) continue;
    int64_t count = catalog::numberOf(*image.held[i].node, value, "Containers of an image");
    if (count >= 0) sum = catalog::saturatedSum(std::max<int64_t>(sum, 0), count);
  }
  if (sum >= 0) image.objects.front().set("Containers", std::to_string(sum));
}

// Only where it was built an engine knows what it was made of.
void takeParent(Image& image) {
  for (const docker::JsonObject& each : image.objects) {
    std::string_view parent = each.find("ParentId");
    if (docker::insideQuotes(parent).value_or("").empty()) continue;
    image.objects.front().set("ParentId", std::string(parent));
    return;
  }
}

std::string unitedImage(Image& image) {
  if (image.held.size() == 1) return std::string(image.held.front().json);
  bool named = hasName(image, "RepoTags") || hasName(image, "RepoDigests");
  uniteNames(image, "RepoTags", named);
  uniteNames(image, "RepoDigests", named);
  sumContainers(image);
  takeParent(image);
  return image.objects.front().text();
}

// ---- networks

struct Network {
  std::vector<NodeElement> parts;
  std::vector<docker::JsonObject> objects;
};

bool isBuiltIn(std::string_view name) {
  return name == "\"bridge\"" || name == "\"host\"" || name == "\"none\"";
}

// What makes networks of several nodes one.
std::string sameness(const NodeElement& part, const docker::JsonObject& network,
                     std::string_view label) {
  std::string_view name = network.find("Name");
  if (!docker::insideQuotes(name))
    throw catalog::MergeError(part.node->nodeName, "a network of its has no Name");
  for (const docker::JsonMember& each :
       catalog::membersOf(*part.node, network.find("Labels"), "Labels")) {
    if (each.name == label) return "label " + std::string(each.value);
  }
  std::string key = "name " + std::string(name);
  return isBuiltIn(name) ? key + " driver " + std::string(network.find("Driver")) : key;
}

// Nanoseconds since 1970. What is no time is later than all.
int64_t momentOf(std::string_view json) {
  int64_t moment = docker::parseTime(docker::insideQuotes(json).value_or(""));
  return moment == 0 ? std::numeric_limits<int64_t>::max() : moment;
}

// Puts into `first` what only the others have.
void uniteMembers(Network& network, size_t first, std::string_view name) {
  std::vector<docker::JsonMember> all;
  std::unordered_set<std::string_view> seen;
  auto add = [&](size_t i) {
    std::string_view json = network.objects[i].find(name);
    for (const docker::JsonMember& each : catalog::membersOf(*network.parts[i].node, json, name)) {
      if (seen.insert(each.name).second) all.push_back(each);
    }
  };
  add(first);
  size_t own = all.size();
  for (size_t i = 0; i < network.parts.size(); i++) add(i);
  if (all.size() == own) return;
  std::string out;
  for (const docker::JsonMember& each : all) {
    out.append(out.empty() ? "{\"" : ",\"").append(each.name).append("\":").append(each.value);
  }
  network.objects[first].set(name, out + "}");
}

std::string unitedNetwork(Network& network) {
  if (network.parts.size() == 1) return std::string(network.parts.front().json);
  size_t first = 0;
  auto rank = [&](size_t i) {
    return std::pair(momentOf(network.objects[i].find("Created")),
                     std::string_view(network.parts[i].node->nodeId));
  };
  for (size_t i = 1; i < network.parts.size(); i++) {
    if (rank(i) < rank(first)) first = i;
  }
  uniteMembers(network, first, "Containers");
  uniteMembers(network, first, "Labels");
  return network.objects[first].text();
}

std::string joined(const std::vector<std::string>& elements) {
  return docker::jsonList({elements.begin(), elements.end()});
}

}  // namespace

std::string unitedImages(const std::vector<NodeElement>& elements) {
  std::vector<Image> images;
  std::unordered_map<std::string_view, size_t> places;
  for (const NodeElement& element : elements) {
    docker::JsonObject object =
        catalog::objectOf(*element.node, element.json, "an image in its list");
    std::string_view id = object.find("Id");
    if (!docker::insideQuotes(id))
      throw catalog::MergeError(element.node->nodeName, "an image of its has no Id");
    auto [place, fresh] = places.emplace(id, images.size());
    if (fresh) images.emplace_back();
    Image& image = images[place->second];
    if (fresh) image.created = catalog::numberOf(*element.node, object.find("Created"), "Created");
    image.held.push_back(element);
    image.objects.push_back(std::move(object));
  }
  std::stable_sort(images.begin(), images.end(),
                   [](const Image& a, const Image& b) { return a.created > b.created; });
  std::vector<std::string> shown;
  shown.reserve(images.size());
  for (Image& image : images) shown.push_back(unitedImage(image));
  return joined(shown);
}

std::string mergeImages(std::span<const catalog::NodeAnswer> answers) {
  return unitedImages(allElements(answers)) + "\n";
}

std::string mergeNetworks(std::span<const catalog::NodeAnswer> answers,
                          std::string_view clusterLabel) {
  std::vector<Network> networks;
  std::unordered_map<std::string, size_t> places;
  std::unordered_map<std::string, int> onNode;  // how often each node had such a one so far
  for (const NodeElement& part : allElements(answers)) {
    docker::JsonObject object = catalog::objectOf(*part.node, part.json, "a network in its list");
    std::string key = sameness(part, object, clusterLabel);
    int earlier = onNode[part.node->nodeId + " " + key]++;
    auto [place, fresh] = places.emplace(std::to_string(earlier) + " " + key, networks.size());
    if (fresh) networks.emplace_back();
    networks[place->second].parts.push_back(part);
    networks[place->second].objects.push_back(std::move(object));
  }
  std::vector<std::string> shown;
  shown.reserve(networks.size());
  for (Network& network : networks) shown.push_back(unitedNetwork(network));
  return joined(shown) + "\n";
}

std::string mergeNetwork(std::span<const catalog::NodeAnswer> answers) {
  Network network;
  for (const catalog::NodeAnswer& node : answers) {
    network.parts.push_back({&node, node.body});
    network.objects.push_back(catalog::objectOf(node, node.body, "its answer"));
  }
  return unitedNetwork(network);
}

std::vector<std::string> unitedVolumes(const std::vector<NodeElement>& elements) {
  std::vector<std::string> shown;
  std::unordered_set<std::string> global;
  for (const NodeElement& element : elements) {
    docker::JsonObject volume =
        catalog::objectOf(*element.node, element.json, "a volume in its list");
    std::string driver(volume.find("Driver"));
    bool repeated = volume.find("Scope") == "\"global\"" &&
                    !global.insert(driver + " " + std::string(volume.find("Name"))).second;
    if (repeated) continue;
    volume.set("Node", catalog::nodeMember(*element.node));
    shown.push_back(volume.text());
  }
  return shown;
}

std::string mergeVolumes(std::span<const catalog::NodeAnswer> answers) {
  std::vector<docker::JsonObject> objects;
  std::vector<NodeElement> elements;
  std::vector<std::string_view> warnings;
  for (const catalog::NodeAnswer& node : answers) {
    objects.push_back(catalog::objectOf(node, node.body, "its answer"));
    for (std::string_view each :
         catalog::elementsOf(node, objects.back().find("Volumes"), "Volumes"))
      elements.push_back({&node, each});
    warnings.push_back(objects.back().find("Warnings"));
  }
  if (objects.empty()) return "{\"Volumes\":[],\"Warnings\":null}\n";
  std::vector<std::string> shown = unitedVolumes(elements);
  docker::JsonObject& first = objects.front();
  first.set("Volumes",
            catalog::unitedList(first.find("Volumes"), {shown.begin(), shown.end()}, false));
  first.set("Warnings", catalog::unitedWarnings(answers, warnings));
  return first.text();
}

}  // namespace proxy
