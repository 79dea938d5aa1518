#include "proxy/merge/merge_usage.h"

#include <algorithm>

#include "docker/filtered_query.h"
#include "proxy/merge/merge_containers.h"
#include "proxy/merge/merge_lists.h"

namespace proxy {
namespace {

std::vector<docker::JsonObject> parseAll(std::span<const catalog::NodeAnswer> answers) {
  std::vector<docker::JsonObject> objects;
  for (const catalog::NodeAnswer& node : answers)
    objects.push_back(catalog::objectOf(node, node.body, "its answer"));
  return objects;
}

std::vector<NodeElement> elementsNamed(std::span<const catalog::NodeAnswer> answers,
                                       const std::vector<docker::JsonObject>& objects,
                                       std::string_view name) {
  std::vector<NodeElement> all;
  for (size_t i = 0; i < answers.size(); i++) {
    for (std::string_view json : catalog::elementsOf(answers[i], objects[i].find(name), name))
      all.push_back({&answers[i], json});
  }
  return all;
}

std::vector<std::string_view> texts(const std::vector<NodeElement>& elements) {
  std::vector<std::string_view> all;
  all.reserve(elements.size());
  for (const NodeElement& each : elements) all.push_back(each.json);
  return all;
}

constexpr std::string_view noDiskUsage =
    R"({"LayersSize":0,"Images":[],"Containers":[],"Volumes":[],"BuildCache":[],"BuilderSize":0})"
    "\n";

// As an engine says that it removed nothing.
std::string nothingPruned(std::string_view what) {
  std::string size = what == "networks" ? "" : ",\"SpaceReclaimed\":0";
  std::string name = what == "containers" ? "Containers"
                     : what == "images"   ? "Images"
                     : what == "networks" ? "Networks"
                     : what == "volumes"  ? "Volumes"
                                          : "Caches";
  return "{\"" + name + "Deleted\":null" + size + "}\n";
}

// A size that an engine does not tell stays away.
void sum(std::span<const catalog::NodeAnswer> answers, std::vector<docker::JsonObject>& objects,
         std::string_view name) {
  int64_t total = 0;
  bool told = false;
  for (size_t i = 0; i < answers.size(); i++) {
    std::string_view json = objects[i].find(name);
    told = told || !json.empty();
    total = catalog::saturatedSum(total, catalog::numberOf(answers[i], json, name));
  }
  if (told) objects.front().set(name, std::to_string(total));
}

std::string containersOf(std::span<const catalog::NodeAnswer> answers,
                         const std::vector<docker::JsonObject>& objects) {
  std::vector<catalog::NodeAnswer> lists;
  for (size_t i = 0; i < answers.size(); i++) {
    std::string_view list = objects[i].find("Containers");
    lists.push_back(answers[i]);
    lists.back().body = list.empty() ? "null" : list;
  }
  std::string merged = mergeContainers({}, lists, {}, {.asked = "", .rewrite = false});
  merged.pop_back();  // the line's end
  return merged;
}

}  // namespace

std::string mergeDiskUsage(std::span<const catalog::NodeAnswer> answers) {
  if (answers.empty()) return std::string(noDiskUsage);
  std::vector<docker::JsonObject> objects = parseAll(answers);
  docker::JsonObject& first = objects.front();
  auto put = [&](std::string_view name, size_t count, std::string list) {
    if (count > 0) first.set(name, std::move(list));
  };
  sum(answers, objects, "LayersSize");
  sum(answers, objects, "BuilderSize");
  std::vector<NodeElement> images = elementsNamed(answers, objects, "Images");
  put("Images", images.size(), unitedImages(images));
  size_t containers = elementsNamed(answers, objects, "Containers").size();
  put("Containers", containers, containersOf(answers, objects));
  std::vector<std::string> volumes = unitedVolumes(elementsNamed(answers, objects, "Volumes"));
  put("Volumes", volumes.size(), docker::jsonList({volumes.begin(), volumes.end()}));
  std::vector<NodeElement> cache = elementsNamed(answers, objects, "BuildCache");
  put("BuildCache", cache.size(), docker::jsonList(texts(cache)));
  return first.text();
}

std::string mergePrune(std::span<const catalog::NodeAnswer> answers, std::string_view what) {
  if (answers.empty()) return nothingPruned(what);
  std::vector<docker::JsonObject> objects = parseAll(answers);
  sum(answers, objects, "SpaceReclaimed");
  docker::JsonObject& first = objects.front();
  for (std::string_view name : {"ContainersDeleted", "ImagesDeleted", "NetworksDeleted",
                                "VolumesDeleted", "CachesDeleted"}) {
    std::vector<NodeElement> deleted = elementsNamed(answers, objects, name);
    bool once = name == "ImagesDeleted" || name == "NetworksDeleted";
    if (!deleted.empty()) first.set(name, catalog::unitedList("", texts(deleted), once));
  }
  return first.text();
}

std::string mergeImageDelete(std::span<const catalog::NodeAnswer> answers) {
  std::vector<std::string_view> all;
  for (const catalog::NodeAnswer& node : answers) {
    for (std::string_view each : catalog::listOf(node)) all.push_back(each);
  }
  return catalog::unitedList("[]", all, true) + "\n";
}

}  // namespace proxy
