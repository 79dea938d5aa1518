#include "proxy/locator.h"

#include <set>

#include "base/json.h"
#include "proxy/heads.h"
#include "proxy/merge_errors.h"

namespace proxy {
namespace {

constexpr base::milliseconds askTimeout(2'000);
constexpr size_t answerMost = 4 * 1024 * 1024;
constexpr size_t execsMost = 4096;

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

}  // namespace

std::optional<cluster::Node> Locator::node(const cluster::NodeId& id) const {
  for (cluster::Node& each : nodes_.nodes()) {
    if (each.id == id) return std::move(each);
  }
  return std::nullopt;
}

void Locator::execMade(const std::string& id, const cluster::NodeId& node) {
  if (!execs_.emplace(id, node).second) return;
  execOrder_.push_back(id);
  if (execOrder_.size() <= execsMost) return;
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
      located.body = errorBody("Multiple IDs found with provided prefix: " + object);
      co_return located;
    }
    if (found.place) known = found.place->second.owner;
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
    located.status = 503;
    located.body = errorBody("node " + located.node->name + " (" + located.node->address +
                             "), which has it, is down");
    located.node.reset();
  }
  co_return located;
}

// Our own engine first, since what a client asks for by name is mostly there; then all others at
// once.
base::Task<Located> Locator::ask(Kind kind, std::string object) {
  std::vector<cluster::Node> ourselves, others;
  for (cluster::Node& each : nodes_.nodes()) (each.self ? ourselves : others).push_back(each);
  base::HttpCall call = base::httpGet(inspectTarget(kind, object), askTimeout, answerMost);
  std::vector<NodeReply> replies = co_await askAll(engine_, ourselves, call);
  bool prefixed = kind == Kind::container && replies[0].status == 200 &&
                  base::text(base::parseJson(replies[0].body), "Id") != object;
  if (replies[0].status != 200 || prefixed) {
    std::vector<NodeReply> more = co_await askAll(engine_, others, call);
    for (NodeReply& each : more) replies.push_back(std::move(each));
  }
  std::vector<NodeOutcome> outcomes;
  std::set<std::string> ids;
  for (const NodeReply& each : replies) {
    std::string body = each.status ? each.body : each.fault;
    outcomes.push_back({each.node.name, each.status, std::move(body)});
    if (kind == Kind::container && each.status == 200)
      ids.emplace(base::text(base::parseJson(each.body), "Id"));
  }
  Located located;
  if (ids.size() > 1) {
    // A name is one container's; what fits several ids is a prefix.
    located.status = 500;
    located.body = errorBody("Multiple IDs found with provided prefix: " + object);
    co_return located;
  }
  Chosen chosen = chooseLookup(outcomes);
  located.status = chosen.status;
  located.body = std::move(chosen.body);
  if (chosen.own && chosen.status == 200) located.node = std::move(replies[chosen.node].node);
  co_return located;
}

base::Task<std::vector<cluster::Node>> Locator::findAll(Kind kind, std::string object) {
  base::HttpCall call = base::httpGet(inspectTarget(kind, object), askTimeout, answerMost);
  std::vector<NodeReply> replies = co_await askAll(engine_, nodes_.nodes(), std::move(call));
  std::vector<cluster::Node> holders;
  for (NodeReply& each : replies) {
    if (each.status == 200) holders.push_back(std::move(each.node));
  }
  co_return holders;
}

}  // namespace proxy
