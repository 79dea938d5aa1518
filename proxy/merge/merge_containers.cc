#include "proxy/merge/merge_containers.h"

#include <algorithm>

#include "docker/asked_image.h"
#include "proxy/merge/merge_filters.h"

namespace proxy {
namespace {

struct Listed {
  const catalog::NodeAnswer* node = nullptr;
  docker::JsonObject entry;
  int64_t created = 0;
};

bool isEveryAddress(std::string_view json) {
  return json.empty() || json == "\"\"" || json == "\"0.0.0.0\"" || json == "\"::\"";
}

bool seesAddressOf(const PublishedPorts& ports, const catalog::NodeAnswer& node) {
  return ports.rewrite && node.nodeId != ports.asked;
}

// A list of ports whose address is the member `ip`. IPv4 and IPv6 have an entry each, which may
// become the same.
std::string portsAt(const catalog::NodeAnswer& node, std::string_view json, std::string_view ip,
                    std::string_view published) {
  std::string address = docker::jsonString(node.nodeAddress);
  std::vector<std::string> shown;
  for (std::string_view each : catalog::elementsOf(node, json, "Ports of a container")) {
    docker::JsonObject port = catalog::objectOf(node, each, "a port of a container");
    bool everywhere = !port.find(published).empty() && isEveryAddress(port.find(ip));
    if (everywhere) port.set(ip, address);
    std::string text = port.text();
    if (std::find(shown.begin(), shown.end(), text) == shown.end()) shown.push_back(text);
  }
  return docker::jsonList({shown.begin(), shown.end()});
}

// Bytes of a list of these: what is added to an entry is less than a quarter of a kilobyte, or
// seldom.
size_t enoughFor(const std::vector<Listed>& all) {
  size_t bytes = 3;
  for (const Listed& each : all) bytes += each.entry.original().size() + 256;
  return bytes;
}

// Where entries of one node stand to a container that a filter names.
class Side {
 public:
  Side(const std::optional<ListAnchor>& anchor, const catalog::NodeAnswer& node)
      : anchor_(anchor ? &*anchor : nullptr),
        own_(anchor && anchor->nodeId == node.nodeId),
        laterNode_(anchor && node.nodeId > anchor->nodeId) {}

  // Of each entry in the order of the list; tells whether it comes after, at or before the anchor.
  enum class Place { before, at, after };
  Place place(const Listed& each) {
    if (each.created != anchor_->created)
      return each.created < anchor_->created ? Place::after : Place::before;
    if (!own_) return laterNode_ ? Place::after : Place::before;
    if (passed_) return Place::after;
    passed_ = docker::insideQuotes(each.entry.find("Id")) == anchor_->containerId;
    return passed_ ? Place::at : Place::before;
  }
  bool cuts() const { return anchor_ != nullptr; }

 private:
  const ListAnchor* anchor_;
  bool own_;
  bool laterNode_;
  bool passed_ = false;
};

// In nanoseconds, of a time in seconds; stops at the ends of 64 bits.
int64_t createdAt(int64_t seconds) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(seconds, int64_t{1'000'000'000}, &product)) return product;
  return seconds < 0 ? INT64_MIN : INT64_MAX;
}

std::string_view imageOf(const docker::JsonObject& entry) {
  return docker::insideQuotes(entry.find("ImageID")).value_or("");
}

void collect(const ContainerListPlan& plan, const catalog::NodeAnswer& node, bool live,
             std::vector<Listed>& all) {
  Side before(plan.beforeAt, node);
  Side since(plan.sinceAt, node);
  std::vector<std::string_view> elements = catalog::listOf(node);
  for (size_t i = 0; i < elements.size(); i++) {
    Listed each{&node, catalog::objectOf(node, elements[i], "an entry of its list"), 0};
    std::string_view created = each.entry.find("Created");
    if (created.empty())
      throw catalog::MergeError(node.nodeName, "an entry of its list has no Created");
    each.created = createdAt(catalog::numberOf(node, created, "Created of a container"));
    if (i + 1 < elements.size() && docker::wholeNumber(elements[i + 1])) {
      each.created = *docker::wholeNumber(elements[i + 1]);
      i++;
    }
    // Docker's "before" means those further down in the list, "since" those further up.
    bool cutByBefore = before.cuts() && before.place(each) != Side::Place::after;
    bool cutBySince = since.cuts() && since.place(each) != Side::Place::before;
    if (cutByBefore || cutBySince) continue;
    if (plan.images && !plan.images->contains(imageOf(each.entry))) continue;
    docker::showAskedImage(each.entry);
    if (!live && !matchesFilters(each.entry.original(), plan.rest.filters)) continue;
    all.push_back(std::move(each));
  }
}

}  // namespace

std::string mergeContainers(const ContainerListPlan& plan,
                            std::span<const catalog::NodeAnswer> answers,
                            std::span<const catalog::NodeAnswer> unreachable,
                            const PublishedPorts& ports) {
  std::vector<Listed> all;
  for (const catalog::NodeAnswer& node : answers) collect(plan, node, true, all);
  size_t live = all.size();
  if (plan.showsStopped()) {
    for (const catalog::NodeAnswer& node : unreachable) collect(plan, node, false, all);
  }
  for (size_t i = live; i < all.size(); i++) all[i].entry.set("Status", "\"Host Down\"");

  std::stable_sort(all.begin(), all.end(), [](const Listed& a, const Listed& b) {
    if (a.created != b.created) return a.created > b.created;
    return a.node->nodeId < b.node->nodeId;
  });
  size_t limit = static_cast<size_t>(plan.limit);
  if (limit > 0 && all.size() > limit) all.erase(all.begin() + plan.limit, all.end());

  std::string out;
  out.reserve(enoughFor(all));
  out.push_back('[');
  const catalog::NodeAnswer* last = nullptr;
  std::string nodeJson;
  for (Listed& each : all) {
    if (each.node != last) nodeJson = catalog::nodeMember(*each.node);
    last = each.node;
    std::string_view listed = each.entry.find("Ports");
    bool some = !listed.empty() && listed != "[]" && listed != "null";
    if (some && seesAddressOf(ports, *each.node))
      each.entry.set("Ports", portsAt(*each.node, listed, "IP", "PublicPort"));
    each.entry.set("Node", nodeJson);
    if (out.size() > 1) out.push_back(',');
    each.entry.appendTo(out);
  }
  out.append("]\n");
  return out;
}

std::string inspectionOn(const catalog::NodeAnswer& answer, const PublishedPorts& ports) {
  docker::JsonObject container = catalog::objectOf(answer, answer.body, "its answer");
  std::string_view network = container.find("NetworkSettings");
  if (seesAddressOf(ports, answer) && !network.empty()) {
    docker::JsonObject settings = catalog::objectOf(answer, network, "NetworkSettings");
    std::string_view all = settings.find("Ports");
    if (!all.empty() && all != "null") {
      docker::JsonObject shown = catalog::objectOf(answer, all, "Ports of a container");
      for (const docker::JsonMember& each : shown.members()) {
        if (each.value == "null") continue;  // exposed, but not published
        shown.set(each.name, portsAt(answer, each.value, "HostIp", "HostPort"));
      }
      settings.set("Ports", shown.text());
      container.set("NetworkSettings", settings.text());
    }
  }
  if (std::string_view config = container.find("Config"); !config.empty())
    container.set("Config", docker::withAskedImage(config));
  container.set("Node", catalog::nodeMember(answer));
  return container.text();
}

}  // namespace proxy
