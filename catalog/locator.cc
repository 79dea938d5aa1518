#include "catalog/locator.h"

#include <algorithm>

#include "base/json.h"
#include "base/url.h"
#include "catalog/merge_errors.h"
#include "docker/heads.h"

namespace catalog {
namespace {

constexpr size_t maxExecs = 4096;

std::string inspectTarget(Kind kind, const std::string& object) {
  switch (kind) {
    case Kind::container:
      return "/containers/" + object + "/json";
    case Kind::exec:
      return "/exec/" + object + "/json";
    case Kind::network:
      return "/networks/" + object;
    case Kind::volume:
      return "/volumes/" + object;
    case Kind::image:
      break;
  }
  return "/images/" + object + "/json";
}

std::string decoded(const std::string& object) {
  return base::decodePath(object).value_or(object);
}

std::string isDown(const cluster::Node& node, const std::string& what) {
  return "node " + node.name + " (" + node.address + "), which has " + what + ", is down";
}

// Of one that could not be asked. `has`: it has it by its records.
std::string doesNotAnswer(const NodeReply& reply, bool has, const std::string& what) {
  return "node " + reply.node.name + ", which " + (has ? "has " : "may have ") + what +
         ", does not answer: " + reply.why();
}

Located refusal(std::string why) {
  Located located;
  located.status = 503;
  located.body = docker::errorBody(std::move(why));
  return located;
}

// Whether a node whose engine does not answer may have it. `having`: those that do by their
// records. What an exec is about nobody records.
bool mayHave(Kind kind, const std::set<cluster::NodeId>& having, const cluster::Node& node) {
  if (!node.up || kind == Kind::image) return false;
  return kind == Kind::exec || !node.complete || having.contains(node.id);
}

}  // namespace

std::optional<cluster::Node> nodeCalled(const cluster::Nodes& nodes, std::string_view nameOrId) {
  for (cluster::Node& each : nodes.nodes()) {
    if (each.name == nameOrId || each.id.text() == nameOrId) return std::move(each);
  }
  return std::nullopt;
}

std::optional<cluster::Node> Locator::node(const cluster::NodeId& id) const {
  for (cluster::Node& each : nodes_.nodes()) {
    if (each.id == id) return std::move(each);
  }
  return std::nullopt;
}

void Locator::execMade(const std::string& id, const cluster::NodeId& node) {
  if (!execs_.emplace(id, node).second) return;
  execOrder_.push_back(id);
  if (execOrder_.size() <= maxExecs) return;
  execs_.erase(execOrder_.front());
  execOrder_.pop_front();
}

base::Task<Located> Locator::find(Kind kind, std::string object) {
  std::optional<cluster::NodeId> known;
  if (kind == Kind::container) {
    ContainerIndex::Found found = index_.find(object);
    if (found.ambiguous) {
      Located located;
      located.status = 500;
      located.body = docker::errorBody("Multiple IDs found with provided prefix: " + object);
      co_return located;
    }
    if (found.entry) known = found.entry->second.owner;
  } else if (kind == Kind::exec) {
    if (auto exec = execs_.find(object); exec != execs_.end()) known = exec->second;
  }
  Located located;
  if (known) located.node = node(*known);
  if (!located.node) {
    located = co_await ask(kind, std::move(object));
    co_return located;
  }
  if (!located.node->up) {
    located = refusal(isDown(*located.node, "it"));
  }
  co_return located;
}

// The nodes that have it by their records.
std::set<cluster::NodeId> Locator::recorded(Kind kind, const std::string& object) const {
  std::vector<cluster::NodeId> found;
  std::string name = decoded(object);
  if (kind == Kind::network) found = objects_.holders(docker::ObjectKind::network, name);
  if (kind == Kind::volume) found = objects_.holders(docker::ObjectKind::volume, name);
  if (kind == Kind::image) found = objects_.holders(docker::ObjectKind::image, name);
  return {found.begin(), found.end()};
}

// Our own engine first, since what a client asks for by name is mostly there; then a node that has
// it by its records; then all others at once.
base::Task<Located> Locator::ask(Kind kind, std::string object) {
  std::set<cluster::NodeId> having = recorded(kind, object);
  std::vector<cluster::Node> ourselves, likely, others;
  std::optional<cluster::Node> down;
  for (cluster::Node& each : nodes_.nodes()) {
    bool has = having.contains(each.id);
    if (has && !each.up) down = each;
    bool next = has && each.up && likely.empty();
    (each.self ? ourselves : next ? likely : others).push_back(each);
  }
  Said said = co_await inspectOn(std::move(ourselves), kind, object);
  std::vector<NodeReply>& replies = said.replies;
  bool prefixed = kind == Kind::container && replies[0].status == 200 &&
                  base::text(base::parseJson(replies[0].body), "Id") != object;
  for (std::vector<cluster::Node>* next : {&likely, &others}) {
    if (replies.back().status == 200 && !prefixed) break;
    Said more = co_await inspectOn(std::move(*next), kind, object);
    for (NodeReply& each : more.replies) replies.push_back(std::move(each));
    for (cluster::Node& each : more.stale) said.stale.push_back(std::move(each));
  }
  std::set<std::string> ids;
  for (const NodeReply& each : replies) {
    if (kind == Kind::container && each.status == 200)
      ids.emplace(base::text(base::parseJson(each.body), "Id"));
  }
  Located located;
  if (ids.size() > 1) {
    // A name is one container's; what fits several ids is a prefix.
    located.status = 500;
    located.body = docker::errorBody("Multiple IDs found with provided prefix: " + object);
    co_return located;
  }
  auto tells = [&](const NodeReply& each) {
    return !isSilence(each.status) || mayHave(kind, having, each.node);
  };
  if (std::any_of(replies.begin(), replies.end(), tells))
    std::erase_if(replies, [&](const NodeReply& each) { return !tells(each); });
  Chosen chosen = chooseLookup(outcomesOf(replies));
  located.status = chosen.status;
  located.body = std::move(chosen.body);
  if (chosen.own && chosen.status == 200) located.node = std::move(replies[chosen.node].node);
  // Of an image the others may get a copy; a network and a volume are where they are.
  bool waits = chosen.status == 404 && down && kind != Kind::image;
  if (waits) located = refusal(isDown(*down, "it"));
  if (chosen.status == 404 && !said.stale.empty()) {
    std::optional<std::string> fault = faultOfMeaning(decoded(object));
    if (fault) located = refusal(std::move(*fault));
  }
  co_return located;
}

base::Task<Locator::Holders> Locator::holders(Kind kind, std::string object) {
  std::set<cluster::NodeId> having = recorded(kind, object);
  std::string what = kind == Kind::network ? "network " : kind == Kind::volume ? "volume " : "";
  what += decoded(object);
  Holders holders;
  std::vector<cluster::Node> likely, others;
  for (cluster::Node& each : nodes_.nodes()) {
    bool has = having.contains(each.id);
    if (has && !each.up) {
      holders.fault = isDown(each, what);
      holders.down = each;
    }
    (each.self || has ? likely : others).push_back(std::move(each));
  }
  bool isStaleSomewhere = false;
  for (std::vector<cluster::Node>* next : {&likely, &others}) {
    Said said = co_await inspectOn(std::move(*next), kind, object);
    if (!said.stale.empty()) isStaleSomewhere = true;
    for (NodeReply& each : said.replies) {
      if (isSilence(each.status) && mayHave(kind, having, each.node) && !holders.down) {
        holders.fault = doesNotAnswer(each, having.contains(each.node.id), what);
        holders.down = each.node;
      }
      if (each.status == 200) holders.up.push_back(std::move(each.node));
    }
    if (!holders.up.empty()) break;
  }
  bool isDoubtOnly = holders.down && !having.contains(holders.down->id);
  if (isDoubtOnly && !holders.up.empty()) holders.down.reset();
  if (kind == Kind::image) holders.fault.clear();
  if (isStaleSomewhere && holders.up.empty())
    holders.fault = faultOfMeaning(decoded(object)).value_or("");
  co_return holders;
}

base::Task<Locator::Images> Locator::findImages(std::string object) {
  Said said = co_await inspectOn(nodes_.nodes(), Kind::image, object);
  std::set<cluster::NodeId> having = recorded(Kind::image, object);
  Images images;
  images.stale = std::move(said.stale);
  for (NodeReply& each : said.replies) {
    bool has = having.contains(each.node.id);
    bool mayHave = isSilence(each.status) && (has || (each.node.up && !each.node.complete));
    if (mayHave && images.fault.empty()) {
      images.fault = each.node.up ? doesNotAnswer(each, has, decoded(object))
                                  : isDown(each.node, decoded(object));
    }
    if (each.status != 200) continue;
    rapidjson::Document image = base::parseJson(each.body);
    bool used = hasContainerOf(each.node.id, base::text(image, "Id"));
    (used ? images.users : images.holders).push_back(std::move(each.node));
  }
  co_return images;
}

bool Locator::hasContainerOf(const cluster::NodeId& node, std::string_view imageId) const {
  const ContainerIndex::Owned& owned = index_.of(node);
  return std::any_of(owned.begin(), owned.end(),
                     [&](const auto& each) { return each.second->second.imageId == imageId; });
}

// ---- what a tag means

std::string Locator::meaning(std::string_view image) const {
  if (std::optional<TagMeaning> told = objects_.tags().told(image)) return told->image;
  std::set<cluster::NodeId> up;
  for (const cluster::Node& each : nodes_.nodes()) {
    if (each.up) up.insert(each.id);
  }
  return objects_.tags().meaning(image,
                                 [&](const cluster::NodeId& node) { return up.contains(node); });
}

// An engine whose image its records do not know yet was given it a moment ago: that is what the tag
// will mean.
bool Locator::isStale(const cluster::NodeId& node, std::string_view name,
                      std::string_view image) const {
  if (!objects_.tags().isDisputed(name) || image != objects_.tags().imageOn(node, name))
    return false;
  std::string meant = meaning(name);
  return !meant.empty() && image != meant;
}

base::Task<std::vector<std::string>> Locator::imageIds(std::string image) {
  std::vector<std::string> ids = objects_.named(docker::ObjectKind::image, image);
  if (!ids.empty()) co_return ids;
  Located located = co_await find(Kind::image, base::encodeQueryValue(image));
  if (located.node) ids.emplace_back(base::text(base::parseJson(located.body), "Id"));
  co_return ids;
}

std::vector<std::string> Locator::recordedImages(const std::string& image) const {
  std::string meant = meaning(image);
  if (!meant.empty()) return {std::move(meant)};
  return objects_.named(docker::ObjectKind::image, image);
}

base::Task<bool> Locator::isStaleHere(std::string image) {
  std::optional<cluster::Node> ours;
  for (cluster::Node& each : nodes_.nodes()) {
    if (each.self) ours = std::move(each);
  }
  if (!ours || !isStale(ours->id, image, objects_.tags().imageOn(ours->id, image))) co_return false;
  // By our records, which the engine may be ahead of.
  std::vector<cluster::Node> nodes = {std::move(*ours)};
  Said said = co_await inspectOn(std::move(nodes), Kind::image, base::encodeQueryValue(image));
  co_return !said.stale.empty();
}

base::Task<Locator::Said> Locator::inspectOn(std::vector<cluster::Node> nodes, Kind kind,
                                             std::string object) {
  base::HttpCall call = base::httpGet(inspectTarget(kind, object), lookupTimeout, maxAnswer);
  Said said;
  said.replies = co_await askAll(engine_, std::move(nodes), std::move(call));
  if (kind != Kind::image) co_return said;
  std::string name = decoded(object);
  for (NodeReply& each : said.replies) {
    if (each.status != 200) continue;
    if (!isStale(each.node.id, name, base::text(base::parseJson(each.body), "Id"))) continue;
    said.stale.push_back(each.node);
    each.status = 404;
    each.body = docker::errorBody("No such image: " + name);
  }
  co_return said;
}

std::optional<std::string> Locator::faultOfTags(const std::string& repository,
                                                const std::set<cluster::NodeId>& answered) const {
  std::vector<cluster::Node> nodes = nodes_.nodes();
  for (const std::string& name : objects_.tags().namesIn(repository)) {
    std::string meant = meaning(name);
    const cluster::Node* away = nullptr;
    bool reached = false;
    for (const cluster::Node& each : nodes) {
      std::string image = objects_.tags().imageOn(each.id, name);
      if (image.empty() || (!meant.empty() && image != meant)) continue;
      if (answered.contains(each.id)) {
        reached = true;
      } else {
        away = &each;
      }
    }
    if (!away || reached) continue;
    return "image " + name + " is on node " + away->name + " (" + away->address +
           ") only, which does not answer; to go on without it, name each tag that you want";
  }
  return std::nullopt;
}

// Why nobody can be asked for the image that a tag means; nothing if nobody has it.
std::optional<std::string> Locator::faultOfMeaning(const std::string& name) const {
  std::set<cluster::NodeId> having = objects_.tags().holders(name, meaning(name));
  for (const cluster::Node& each : nodes_.nodes()) {
    if (!having.contains(each.id)) continue;
    return "image " + name + " is on node " + each.name + " (" + each.address +
           ") only, which does not answer; other nodes have an earlier image of this name. To go "
           "on "
           "without that node, pull, build or tag it again";
  }
  return std::nullopt;
}

}  // namespace catalog
