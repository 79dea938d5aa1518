#include "orchestrator/container_create.h"

#include <algorithm>

#include "base/http_heads.h"
#include "base/json.h"
#include "base/offload.h"
#include "base/url.h"
#include "catalog/container_record.h"
#include "catalog/node_client.h"
#include "docker/asked_image.h"
#include "docker/heads.h"
#include "docker/image_pull.h"
#include "docker/image_reference.h"
#include "docker/query.h"
#include "labels/bounds.h"
#include "orchestrator/create_headers.h"
#include "orchestrator/global_sidekicks.h"
#include "orchestrator/moving_name.h"
#include "scheduler/placement_answers.h"

namespace orchestrator {
namespace {

constexpr base::milliseconds createTimeout(120'000);
// What is pulled first takes longer.
constexpr base::milliseconds pullTimeout(3600 * 1000);
// In place of a filter: the node, or its engine, cannot be reached, so it has heard of nothing.
constexpr std::string_view unreachable = "unreachable";
constexpr base::milliseconds wantedFor(10 * 60 * 1000);
constexpr size_t maxWanted = 1000;

// As an object's name is written in a path. The text comes from a client, who may write anything.
std::string inPath(const std::string& object) {
  return base::encodeQueryValue(withoutSlash(object));
}

base::HttpCall createCall(const CreateOrder& order, std::string body) {
  base::HttpCall call;
  call.method = "POST";
  call.target = order.target;
  call.headers = order.headers;
  call.body = std::move(body) + order.request.after();
  call.timeout = createTimeout;
  call.maxAnswer = catalog::maxAnswer;
  call.idempotent = false;
  return call;
}

// As the first. False if it is not there.
bool putFirst(std::vector<scheduler::Candidate>& candidates, std::string_view id) {
  auto found = std::find_if(candidates.begin(), candidates.end(),
                            [&](const scheduler::Candidate& each) { return each.id == id; });
  if (found == candidates.end()) return false;
  std::rotate(candidates.begin(), found, found + 1);
  return true;
}

}  // namespace

std::string ContainerCreate::CreateAttempt::id() const {
  return std::string(base::text(base::parseJson(reply.body), "Id"));
}

ContainerCreate::ContainerCreate(base::Loop& loop, docker::Engine& engine,
                                 docker::LocalEngine& local, const cluster::Nodes& nodes,
                                 cluster::Causality& causality, catalog::Locator& locator,
                                 catalog::ContainerIndex& index, scheduler::Scheduler& scheduler,
                                 NameClaims& names, VolumeClaims& volumes, VolumeMove& volumeMove,
                                 CatchUp& catchUp, ImageTransfer& images, base::Log& log)
    : loop_(loop),
      engine_(engine),
      local_(local),
      nodes_(nodes),
      causality_(causality),
      locator_(locator),
      index_(index),
      scheduler_(scheduler),
      names_(names),
      volumes_(volumes),
      volumeMove_(volumeMove),
      catchUp_(catchUp),
      dependencies_(causality, catchUp, locator, scheduler, volumes),
      images_(images),
      digests_(loop, engine, local, locator),
      log_(log) {}

base::Task<ContainerCreate::Created> ContainerCreate::create(CreateOrder order,
                                                             std::string& upstream) {
  Created created;
  const labels::Policy& policy = order.asked.policy;
  CreateClaims claimed(names_, volumes_);
  docker::Refusal refusal = malformed(order);
  if (refusal.status == 0) refusal = co_await claimed.takeName(order.name);
  if (refusal.status == 0) refusal = co_await dependencies_.learn(policy, &claimed);
  if (refusal.status) {
    created.refusal = std::move(refusal);
    co_return created;
  }

  takeOwnOfUnit(order);
  bool isNew = policy.replaces.empty();
  bool isLatest = false;
  Choice choice;
  for (;;) {
    if (isNew) order.asked.policy.replaces = scheduler_.predecessor(policy, order.name);
    choose(order, false, choice);
    size_t staying = choice.staying.size();
    docker::Refusal refused;
    bool done = co_await createOnOne(upstream, choice, order, claimed, refused, created.reply);
    if (done) co_return created;
    if (choice.staying.size() > staying) continue;
    // What was freed, or taken, a moment ago by way of another node may not be known here yet.
    if (!isLatest) {
      co_await catchUp_.withAll();
      isLatest = true;
      // What moved meanwhile moved for another container, which may be being made.
      std::vector<std::string> unused = volumeMove_.unused(policy);
      choice.staying.insert(unused.begin(), unused.end());
      continue;
    }
    if (!order.leaveToEngine) refusal = {409, choice.placement.why};
    if (choice.placement.isForEngine && !order.leaveToEngine) {
      order.leaveToEngine = true;
      continue;
    }
    if (refused.status)
      refusal = {refused.status, "no node can run this container" + refused.message};
    created.refusal = std::move(refusal);
    co_return created;
  }
}

// If it can be nowhere for the sake of volumes that nobody has used yet, those can follow it.
void ContainerCreate::choose(const CreateOrder& order, bool explain, Choice& choice) {
  const labels::Policy& policy = order.asked.policy;
  bool leave = order.leaveToEngine;
  choice.placement = scheduler_.place(policy, order.name, explain, leave);
  choice.following.clear();
  if (choice.placement.candidates.empty()) choice.following = volumeMove_.unused(policy);
  std::erase_if(choice.following,
                [&](const std::string& each) { return choice.staying.contains(each); });
  if (!choice.following.empty()) {
    labels::Policy freer = policy;
    std::erase_if(freer.volumes, [&](const std::string& each) {
      return std::find(choice.following.begin(), choice.following.end(), each) !=
             choice.following.end();
    });
    choice.placement.candidates = scheduler_.place(freer, order.name, false, leave).candidates;
  }
  // Any engine will do that says what is wrong, so the one that was asked.
  if (leave) putFirst(choice.placement.candidates, nodes_.self().text());
  preferWanted(policy.image, choice.placement.candidates);
}

// On the first candidate that does not refuse; the reply is its engine's. False, and why, if all
// refuse.
base::Task<bool> ContainerCreate::createOnOne(std::string& upstream, Choice& choice,
                                              const CreateOrder& order, CreateClaims& claimed,
                                              docker::Refusal& refused, base::HttpReply& reply) {
  for (const scheduler::Candidate& candidate : choice.placement.candidates) {
    std::optional<cluster::Node> node = nodeOf(candidate.id);
    if (!node || !node->up) continue;
    std::optional<std::string> stays = co_await volumeMove_.bring(choice.following, *node);
    if (stays) {
      choice.staying.insert(std::move(*stays));
      co_return false;
    }
    upstream = catalog::clientFor(engine_, *node).name();
    scheduler::Scheduler::Reservation reservation = reserveOn(*node, order);
    CreateAttempt made = co_await createOn(*node, order, reservation, claimed);
    if (!made.refusedBy.empty()) {
      refused.status = made.refusedBy == unreachable ? 503 : 409;
      refused.message +=
          "\n" + node->name + ": " + made.refusedBy + ": " + docker::errorMessage(made.reply.body);
      continue;
    }
    if (made.reply.status == 201) {
      std::string id = made.id();
      commit(*node, order, id, reservation, claimed);
      log_.info("container placed", {{"container", id},
                                     {"name", order.name},
                                     {"node", node->name},
                                     {"why", candidate.reason}});
      const labels::Decoded& asked = order.asked;
      std::vector<std::string> warnings = asked.warnings;
      std::string alone = usedAlone(asked.policy, index_);
      for (std::string& each : scheduler::unheeded(asked.policy, alone))
        warnings.push_back(std::move(each));
      std::string moved = scheduler_.otherBinds(asked.policy, order.name, candidate.id);
      if (!moved.empty()) warnings.push_back(std::move(moved));
      if (asked.policy.explain) warnings.push_back(node->name + ": " + candidate.reason);
      made.reply.body = scheduler::withWarnings(made.reply.body, warnings);
    }
    reply = std::move(made.reply);
    co_return true;
  }
  co_return false;
}

base::Task<ContainerCreate::Explained> ContainerCreate::explain(CreateOrder order) {
  Explained explained;
  explained.refusal = malformed(order);
  if (explained.refusal.status == 0)
    explained.refusal = co_await dependencies_.learn(order.asked.policy, nullptr);
  if (explained.refusal.status) co_return explained;
  takeOwnOfUnit(order);
  Choice choice;
  choose(order, true, choice);
  explained.placement = std::move(choice.placement);
  co_return explained;
}

// On that node, with its image brought there if it has none.
base::Task<ContainerCreate::CreateAttempt> ContainerCreate::createOn(
    const cluster::Node& node, const CreateOrder& order,
    const scheduler::Scheduler::Reservation& reservation, CreateClaims& claimed) {
  CreateAttempt made = co_await attemptOn(node, order, reservation, claimed);
  const std::string& image = order.asked.policy.image;
  if (made.reply.status != 404 || image.empty()) co_return made;
  // Where it is there, it is of another platform than is asked for, or something else is missing.
  bool isThere = false;
  if (order.leaveToEngine) isThere = co_await hasImage(image, node);
  Brought brought;
  if (!isThere) brought = co_await bringImage(image, node);
  if (brought.done) {
    made = co_await attemptOn(node, order, reservation, claimed);
  } else if (!brought.fault.empty()) {
    // Not 404, after which clients would pull what may be another image.
    made.reply.status = 503;
    made.reply.head = docker::jsonHead(503, local_.commonHeaders());
    made.reply.body = docker::errorBody(brought.fault);
  } else {
    if (wanted_.size() >= maxWanted) wanted_.clear();
    wanted_[docker::listedImageName(image)] = {node.id, loop_.now() + wantedFor};
  }
  co_return made;
}

// On our own engine, or by the droverd of that node.
base::Task<ContainerCreate::CreateAttempt> ContainerCreate::attemptOn(
    const cluster::Node& node, const CreateOrder& order,
    const scheduler::Scheduler::Reservation& reservation, CreateClaims& claimed) {
  CreateAttempt made;
  try {
    if (node.self) {
      made = co_await createLocally(order);
    } else {
      const labels::Policy& policy = order.asked.policy;
      base::HttpCall call = createCall(order, order.request.body());
      if (!policy.replaces.empty())
        call.headers.append(replacesHeader).append(": ").append(policy.replaces).append("\r\n");
      call.headers.append(reservationHeader).append(": ").append(reservation.token());
      call.headers.append("\r\n");
      if (order.leaveToEngine) call.headers.append(leaveToEngineHeader).append(": 1\r\n");
      call.headers += cluster::seenLine(causality_);
      if (policy.pullAlways) call.timeout = pullTimeout;
      made.reply = co_await node.http->call(std::move(call));
      made.refusedBy = base::storedHeader(made.reply.head, refusedHeader);
    }
  } catch (const base::Unreachable& fault) {
    made.refuse(unreachable, fault.what());
  } catch (...) {
    claimed.outcomeUnknown(node.id);
    throw;
  }
  if (made.reply.status == 503) claimed.outcomeUnknown(node.id);  // its engine broke off
  co_return made;
}

base::Task<EngineRequest> ContainerCreate::engineRequest(const CreateOrder& order,
                                                         std::string publishAddress) {
  EngineEdits edits = editsFor(order, std::move(publishAddress));
  bool isQuick = edits.none() || order.request.size() < longBody;
  if (isQuick) co_return forEngine(order.request, edits);
  auto work = [request = order.request, edits = std::move(edits)]() mutable {
    return forEngine(std::move(request), edits);
  };
  EngineRequest made = co_await base::offload(loop_, std::move(work));
  co_return made;
}

// By our own engine, if the container can be here.
base::Task<ContainerCreate::CreateAttempt> ContainerCreate::createLocally(
    const CreateOrder& order) {
  const labels::Decoded& asked = order.asked;
  CreateAttempt made;
  scheduler::Scheduler::Admission admission =
      scheduler_.admit(asked.policy, order.name, order.leaveToEngine);
  if (!admission.refusedBy.empty()) {
    made.refuse(admission.refusedBy, admission.why);
    co_return made;
  }
  scheduler_.announce(admission.reservation, order.name, order.facts, order.token);
  if (asked.policy.pullAlways) {
    const std::string& image = asked.policy.image;
    base::Status pulled = co_await docker::pullImage(local_, image, order.headers);
    if (!pulled.ok()) {
      // Not 404, after which clients would pull by themselves.
      made.reply.status = 500;
      made.reply.head = docker::jsonHead(500, local_.commonHeaders());
      made.reply.body = docker::errorBody("pull of image " + image + ": " + pulled.why());
      co_return made;
    }
  }
  bool stale = co_await locator_.isStaleHere(asked.policy.image);
  if (stale) {
    // As if it were not here; who asked has it brought.
    made.reply.status = 404;
    made.reply.head = docker::jsonHead(404, local_.commonHeaders());
    made.reply.body = docker::errorBody("No such image: " + asked.policy.image);
    co_return made;
  }
  try {
    made.reply = co_await createHere(order, std::move(admission.publishAddress));
  } catch (const base::Unreachable& fault) {
    made.refuse(unreachable, fault.what());
  }
  if (made.reply.status == 201) {
    std::string id = made.id();
    admission.reservation.commit(id);
    names_.expectHere(id);
  }
  co_return made;
}

// An image that our engine does not know by its digest it may still have.
base::Task<base::HttpReply> ContainerCreate::createHere(const CreateOrder& order,
                                                        std::string publishAddress) {
  EngineRequest asked = co_await engineRequest(order, std::move(publishAddress));
  base::HttpCall call = createCall(order, std::move(asked.body));
  base::HttpReply reply = co_await local_.change(std::move(call), docker::Effect::create, "");
  const std::string& image = order.asked.policy.image;
  std::optional<docker::ImageReference> named = docker::parseImageReference(image);
  if (reply.status != 404 || !named || named->digest.empty()) co_return reply;
  ImageDigests::Found found = co_await digests_.find(image, order.headers);
  if (found.id.empty()) co_return reply;
  if (!found.named) docker::useImageId(asked.request, found.id);
  base::HttpCall again = createCall(order, asked.request.body());
  reply = co_await local_.change(std::move(again), docker::Effect::create, "");
  co_return reply;
}

// A container came of it: it is known here, and has its name, before its record comes.
void ContainerCreate::commit(const cluster::Node& node, const CreateOrder& order,
                             const std::string& id, scheduler::Scheduler::Reservation& reservation,
                             CreateClaims& claimed) {
  index_.expect(node.id, id, order.name, order.facts);
  reservation.commit(id);
  claimed.commit(node.id, id);
}

// Containers that it names are those of its own unit.
void ContainerCreate::takeOwnOfUnit(CreateOrder& order) {
  std::map<std::string, std::string> own = scheduler_.ownOfUnit(order.asked.policy);
  if (own.empty()) return;
  order.request.replaceContainers(own);
  order.asked.policy.containers = order.request.containers();
  labels::dropRepeats(order.asked.policy);
}

// A create of this image that failed for want of it was followed by a pull on its node.
void ContainerCreate::preferWanted(const std::string& image,
                                   std::vector<scheduler::Candidate>& candidates) {
  auto wanted = wanted_.find(docker::listedImageName(image));
  if (wanted == wanted_.end() || loop_.now() >= wanted->second.until) return;
  if (putFirst(candidates, wanted->second.node.text())) wanted_.erase(wanted);
}

// On another node; ours reserves by itself when it admits a container.
scheduler::Scheduler::Reservation ContainerCreate::reserveOn(const cluster::Node& node,
                                                             const CreateOrder& order) {
  if (node.self) return {};
  return scheduler_.reserve(std::string(node.id.text()), order.asked.policy, order.name);
}

std::optional<cluster::Node> ContainerCreate::nodeOf(const std::string& id) const {
  std::optional<cluster::NodeId> node = cluster::NodeId::parse(id);
  return node ? locator_.node(*node) : std::nullopt;
}

base::Task<bool> ContainerCreate::hasImage(std::string image, cluster::Node node) {
  catalog::Locator::Holders holders =
      co_await locator_.holders(catalog::Kind::image, inPath(image));
  co_return std::any_of(holders.up.begin(), holders.up.end(),
                        [&](const cluster::Node& each) { return each.id == node.id; });
}

// Has the image sent from a node that has it, if there is one.
base::Task<ContainerCreate::Brought> ContainerCreate::bringImage(std::string image,
                                                                 cluster::Node to) {
  catalog::Locator::Holders holders =
      co_await locator_.holders(catalog::Kind::image, inPath(image));
  std::erase_if(holders.up, [&](const cluster::Node& node) { return node.id == to.id; });
  Brought brought;
  brought.fault = std::move(holders.fault);
  if (holders.up.empty()) co_return brought;
  co_await images_.send(image, holders.up.front(), to);
  brought = {true};
  co_return brought;
}

// To that node's engine.
base::Task<base::Status> ContainerCreate::fetchOrPull(std::string image, cluster::Node to) {
  base::Status sent;
  try {
    Brought brought = co_await bringImage(image, to);
    if (brought.done) co_return base::Status();
    if (!brought.fault.empty()) co_return base::Status::failed(std::move(brought.fault));
  } catch (const std::exception& failed) {
    sent = base::Status::failed(failed.what());
  }
  base::Status pulled;
  if (to.self) {
    pulled = co_await docker::pullImage(local_, image, "");
  } else {
    base::HttpClient& way = catalog::clientFor(engine_, to);
    base::HttpReply reply = co_await way.call(docker::pullCall(image, ""));
    pulled = docker::pulled(reply);
  }
  if (pulled.ok() || sent.ok()) co_return pulled;
  co_return sent;
}

base::Task<base::Result<std::string>> ContainerCreate::createInternal(labels::Policy policy,
                                                                      docker::CreateRequest request,
                                                                      std::string name,
                                                                      cluster::Node node) {
  CreateClaims claimed(names_, volumes_);
  docker::Refusal refusal = co_await claimed.takeName(name);
  if (refusal.status) co_return base::Status::failed(std::move(refusal.message));
  CreateOrder order;
  order.target = "/containers/create?name=" + base::encodeQueryValue(name);
  order.headers = "Content-Type: application/json\r\n";
  order.request = std::move(request);
  order.name = std::move(name);
  order.asked.policy = std::move(policy);
  const std::string& image = order.asked.policy.image;
  scheduler::Scheduler::Reservation reservation = reserveOn(node, order);
  CreateAttempt made = co_await attemptOn(node, order, reservation, claimed);
  if (made.reply.status == 404 && !image.empty()) {
    base::Status fetched = co_await fetchOrPull(image, node);
    if (!fetched.ok()) co_return fetched;
    made = co_await attemptOn(node, order, reservation, claimed);
  }
  if (!made.refusedBy.empty() || made.reply.status != 201) {
    std::string why = docker::errorMessage(made.reply.body);
    if (!made.refusedBy.empty()) why = made.refusedBy + ": " + why;
    co_return base::Status::failed(std::move(why));
  }
  std::string id = made.id();
  commit(node, order, id, reservation, claimed);
  co_return id;
}

std::optional<cluster::Node> ContainerCreate::nodeForPull(std::string_view query) {
  docker::Query parameters = docker::parseQuery(query);
  std::string image = parameters.value("fromImage");
  if (image.ends_with(':')) image.pop_back();  // which dockerd takes off, too
  std::optional<docker::ImageReference> pulled =
      docker::parseImageReference(image, parameters.value("tag"));
  if (!pulled) return std::nullopt;
  auto wanted = wanted_.find(pulled->listed());
  if (wanted == wanted_.end() || loop_.now() >= wanted->second.until) return std::nullopt;
  std::optional<cluster::Node> node = locator_.node(wanted->second.node);
  return node && node->up ? node : std::nullopt;
}

}  // namespace orchestrator
