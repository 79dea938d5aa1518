// The nodes, as an agent shows and changes them.

#include "base/json.h"
#include "base/rfc3339.h"
#include "cluster/agent/agent.h"
#include "cluster/agent/running.h"
#include "cluster/transport/peer_call.h"

namespace cluster {

std::vector<Node> Agent::nodes() const {
  std::vector<Node> found;
  if (!running_) {
    Node alone;
    alone.name = options_.name;
    alone.self = true;
    return {alone};
  }
  for (const Member* each : running_->membership.members()) {
    bool isSelf = each->id == running_->self;
    if (each->status == Status::left && !isSelf) continue;
    Node node;
    node.id = each->id;
    node.name = each->name;
    node.address = each->gossip.host();
    node.self = isSelf;
    node.session = each->session;
    node.up = each->status != Status::failed;
    node.complete = running_->state.find(each->id, std::string(completeKey)) != nullptr;
    if (!node.self) node.http = running_->clientFor(each->id);
    found.push_back(std::move(node));
  }
  return found;
}

bool Agent::wasRemoved(const NodeId& id) const {
  return removed_.contains(id);
}

void Agent::publishNode() {
  std::string error = conditions_.text();
  record_.lastError = error.empty() ? engineError_ : error;
  record_.engineError = engineError_;
  running_->put(std::string(nodeKey), encode(record_));
}

void Agent::setFacts(NodeRecord facts) {
  facts.availability = record_.availability;
  facts.labels = record_.labels;
  facts.joinedAt = record_.joinedAt;
  facts.configSerial = record_.configSerial;
  facts.issuer = record_.issuer;
  facts.droverVersion = record_.droverVersion;
  record_ = std::move(facts);
  if (!running_) return;
  publishNode();
  running_->runDeferred();
}

void Agent::setEngineError(const std::string& why) {
  if (engineError_ == why) return;
  engineError_ = why;
  if (!running_) return;
  publishNode();
  running_->runDeferred();
}

std::vector<NodeView> Agent::nodeViews() const {
  Running& run = running();
  std::vector<NodeView> views;
  for (const Member* each : run.membership.members()) {
    NodeView view;
    view.id = each->id;
    view.name = each->name;
    view.api = {each->gossip.ip, each->apiPort};
    view.self = each->id == run.self;
    view.status = each->status;
    view.roundTrip = run.membership.roundTrip(each->id);
    if (const Record* record = run.state.find(each->id, std::string(nodeKey))) {
      view.version = record->version;
      view.record = decodeNode(record->value).value_or(NodeRecord());
    }
    views.push_back(std::move(view));
  }
  return views;
}

base::Task<> Agent::updateNode(NodeId id, std::string availability,
                               std::map<std::string, std::string> labels) {
  Running& run = running();
  base::JsonWriter json;
  json.object().member("availability", availability).object("labels");
  for (const auto& [key, value] : labels) json.member(key, value);
  json.endObject().endObject();
  if (id == run.self) {
    takeNodeUpdate(json.text());
    co_return;
  }
  std::shared_ptr<base::HttpClient> peer = run.clientFor(id);
  const Member* member = run.membership.find(id);
  if (!peer) throw AgentError(404, "node " + std::string(id.text()) + " not found");
  if (member->status == Status::failed || member->status == Status::left)
    throw AgentError(503, "node " + member->name + " is down; it cannot be updated now");
  base::HttpCall call;
  call.method = "POST";
  call.target = "/drover/v1/node";
  call.body = json.text();
  std::string why;
  int status = 503;
  try {
    base::HttpReply reply = co_await peer->call(std::move(call));
    if (reply.status == 200) co_return;
    why = refusalOf(reply);
    status = reply.status;
  } catch (const std::exception& failed) {
    why = failed.what();
  }
  throw AgentError(status, why);
}

void Agent::takeNodeUpdate(const std::string& request) {
  Running& run = running();
  rapidjson::Document json = base::parseJson(request);
  if (!json.IsObject()) throw AgentError(400, "a node's update must be a JSON object");
  std::optional<NodeRecord> asked = decodeNode(request);
  Store::Change change;
  change.availability = asked->availability;
  change.labels = asked->labels;
  try {
    store_.save(change);
  } catch (const StoreError& failed) {
    throw AgentError(503, failed.what());
  }
  record_.availability = asked->availability;
  record_.labels = asked->labels;
  publishNode();
  run.runDeferred();
}

void Agent::removeNode(const NodeId& id, bool force) {
  Running& run = running();
  const Member* member = run.membership.find(id);
  std::string text(id.text());
  if (!member) throw AgentError(404, "node " + text + " not found");
  if (id == run.self)
    throw AgentError(400, "node " + text +
                              " is this one; use \"docker swarm leave\" on it, or remove it by way "
                              "of another node");
  bool down = member->status == Status::failed || member->status == Status::left;
  if (!down && !force)
    throw AgentError(400, "rpc error: code = FailedPrecondition desc = node " + text +
                              " is not down and can't be removed");
  run.put(std::string(removedRecords) + text, base::rfc3339Now());
  run.takeRemoval(id);
  run.runDeferred();
}

}  // namespace cluster
