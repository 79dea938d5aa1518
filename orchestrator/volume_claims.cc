#include "orchestrator/volume_claims.h"

#include <algorithm>

#include "base/fault.h"
#include "base/url.h"
#include "catalog/fan_out.h"
#include "cluster/ca/join_token.h"

namespace orchestrator {
namespace {

using Verdict = cluster::ClaimResult::Verdict;

// For how long a volume may be in the making along with a container, whose image may be on its way.
constexpr base::milliseconds makingWait(120'000);
// For how long a record may tell of a volume that its engine does not have any more.
constexpr base::milliseconds recordWait(2'000);
// For how long whoever made a volume may keep its claim although there is a record by now.
constexpr base::milliseconds ourWait(1'000);
constexpr base::milliseconds retryFirst(10), maxRetry(250);
// How often the engines are asked for a volume that another request makes: its record may be late.
constexpr base::milliseconds lookEvery(500);
// By then the record that stands for a name is known here, if all goes well; who does not know it
// yet asks the engines. In the next rhythm it is looked for, and in the other while its node is
// down.
constexpr base::milliseconds recordSoon(50);
constexpr base::milliseconds recordKnown(500);
constexpr base::milliseconds recordLate(3'000);
// So many volumes may be there that one more has no record; then its engine alone tells of it.
constexpr int recordLooks = 20;
// Looks at which an engine has to say that it has no such volume before we believe that it will not
// have it either: it may be making it.
constexpr int absencesOfUncertain = 10;

std::string keyOf(const std::string& name) {
  return std::string(docker::recordsOf(docker::ObjectKind::volume)) + name;
}

// The key of a record of whoever made a volume and does not know what came of it; its value is the
// id of the node where it may be.
std::string doubtKey(const std::string& name) {
  return "doubt/volume/" + name;
}

// Such a record, as long as this lives.
class Doubt {
 public:
  Doubt(cluster::Records& records, const std::string& name, const cluster::NodeId& node)
      : records_(records), key_(doubtKey(name)) {
    records_.put(key_, std::string(node.text()));
  }
  Doubt(const Doubt&) = delete;
  Doubt& operator=(const Doubt&) = delete;
  ~Doubt() { records_.erase(key_); }

 private:
  cluster::Records& records_;
  std::string key_;
};

// A holder that makes a volume: "<node>/<session of its droverd>/<secret>". A record's is the node
// alone.
struct Maker {
  std::string node;  // empty: it is none
  std::string session;
};

Maker makerOf(const std::string& holder) {
  size_t first = holder.find('/');
  if (first == std::string::npos) return {};
  size_t second = std::min(holder.find('/', first + 1), holder.size());
  return {holder.substr(0, first), holder.substr(first + 1, second - first - 1)};
}

std::string sessionOf(const std::optional<cluster::Node>& node) {
  return node ? std::to_string(node->session) : std::string();
}

bool isSettled(const VolumeClaims::Found& found) {
  return !found.homes.empty() || found.refusal.status != 0;
}

}  // namespace

VolumeClaims::VolumeClaims(base::Loop& loop, catalog::NodeClient nodeClient,
                           const cluster::Nodes& nodes, cluster::Records& records,
                           cluster::ClaimService& claims, catalog::Locator& locator,
                           const catalog::ObjectIndex& held, base::Log& log)
    : loop_(loop),
      nodeClient_(nodeClient),
      nodes_(nodes),
      records_(records),
      service_(claims),
      locator_(locator),
      held_(held),
      log_(log),
      tasks_(base::tellFaults(log, "volumes")) {}

base::Task<VolumeClaims::Found> VolumeClaims::find(std::string name) {
  Found found;
  if (isRecorded(name)) found = co_await look(name);
  if (isSettled(found)) co_return found;
  base::Time began = loop_.now();
  base::Time lookAgain = began + lookEvery;
  base::milliseconds pause = retryFirst;
  std::string holder(nodes_.self().text());
  holder.append("/").append(sessionOf(locator_.node(nodes_.self())));
  holder.append("/").append(cluster::makeTokenSecret().reveal());
  for (;;) {
    cluster::ClaimResult result = co_await service_.claim(keyOf(name), holder);
    bool isHeld = result.verdict == Verdict::held;
    bool isGiven = result.verdict == Verdict::granted || (!isHeld && hasNoMajority(nodes_));
    std::unique_ptr<HeldClaim> claim;
    if (isGiven) {
      claim = std::make_unique<HeldClaim>(loop_, nodes_, service_, log_);
      claim->granted(keyOf(name), holder);
    }
    // Who had it may have made it since we looked, and what was made behind our back has no record
    // yet.
    bool isMaking = isHeld && !makerOf(result.holder).node.empty();
    bool isLate = isMaking && loop_.now() >= lookAgain;
    if (isGiven || isLate || (isHeld && (!isMaking || isRecorded(name)))) {
      found = co_await look(name);
      if (isSettled(found)) co_return found;
      lookAgain = loop_.now() + lookEvery;
    }
    if (isGiven) {
      if (result.verdict != Verdict::granted)
        log_.warn("volume created without a majority", {{"volume", name}});
      found.claim = {std::move(name), std::move(claim)};
      co_return found;
    }
    if (isMaking) found.refusal = inDoubt(result.holder, name);
    if (isSettled(found)) co_return found;
    bool isMade = isMaking && !isLeftOver(result.holder);
    base::milliseconds wait = isMade ? makingWait : isHeld ? recordWait : patienceFor(result);
    if (loop_.now() >= began + wait) {
      std::string why = isHeld
                            ? "volume " + name + " is being made or removed by another request"
                            : "too few nodes answer to make sure that there is no volume " + name;
      found.refusal = {503, why + "; see \"docker node ls\" and try again"};
      co_return found;
    }
    co_await base::sleepFor(loop_, pause);
    pause = std::min(pause * 2, maxRetry);
  }
}

// By the word of the engines.
base::Task<VolumeClaims::Found> VolumeClaims::look(std::string name) {
  Found found;
  catalog::Locator::Holders holders =
      co_await locator_.holders(catalog::Kind::volume, base::encodeQueryValue(name));
  found.homes = std::move(holders.up);
  // Another one of that name, made in its place, would not be the same.
  if (found.homes.empty() && holders.down) found.refusal = {503, holders.fault};
  co_return found;
}

bool VolumeClaims::isRecorded(const std::string& name) const {
  return !held_.holders(docker::ObjectKind::volume, name).empty();
}

// Why nobody can tell at present what comes of it, if that is so.
docker::Refusal VolumeClaims::inDoubt(const std::string& holder, const std::string& name) const {
  std::optional<cluster::NodeId> id = cluster::NodeId::parse(makerOf(holder).node);
  std::optional<cluster::Node> maker = id ? locator_.node(*id) : std::nullopt;
  if (!maker) return {};
  auto shown = [](const cluster::Node& node) {
    return "node " + node.name + " (" + node.address + ")";
  };
  if (!maker->up)
    return {503, shown(*maker) + ", by way of which this volume was being made, is down"};
  const cluster::Record* doubt = records_.find(*id, doubtKey(name));
  std::optional<cluster::NodeId> where =
      doubt ? cluster::NodeId::parse(doubt->value) : std::nullopt;
  std::optional<cluster::Node> home = where ? locator_.node(*where) : std::nullopt;
  if (!home) return {};
  return {503, shown(*home) + ", where volume " + name +
                   " may have been made, failed meanwhile; try again in a few seconds"};
}

// Whether who made it has been started anew since, so that only time ends the claim.
bool VolumeClaims::isLeftOver(const std::string& holder) const {
  Maker maker = makerOf(holder);
  std::optional<cluster::NodeId> id = cluster::NodeId::parse(maker.node);
  return !id || sessionOf(locator_.node(*id)) != maker.session;
}

void VolumeClaims::made(std::vector<Claim> claims, const cluster::NodeId& node, bool certain) {
  for (Claim& each : claims) tasks_.spawn(watch(std::move(each), node, certain));
}

// Keeps the claim until the volume's record is there, or it is known that there is no volume.
base::Task<> VolumeClaims::watch(Claim claim, cluster::NodeId node, bool certain) {
  std::optional<Doubt> doubt;
  if (!certain) doubt.emplace(records_, claim.name, node);
  int absences = 0;
  for (int look = 0;; look++) {
    std::optional<cluster::Node> home = locator_.node(node);
    base::milliseconds pause = home && !home->up ? recordLate : look ? recordKnown : recordSoon;
    co_await base::sleepFor(loop_, pause);
    bool over = !nodes_.clustered() || records_.find(node, keyOf(claim.name));
    if (!over) home = locator_.node(node);
    if (over || !home) co_return;
    if (!home->up) continue;
    std::string target = "/volumes/" + base::encodeQueryValue(claim.name);
    catalog::NodeReply reply =
        co_await nodeClient_.get(std::move(*home), std::move(target), catalog::lookupTimeout);
    absences = reply.status == 404 ? absences + 1 : 0;
    if (absences >= (certain ? 1 : absencesOfUncertain)) co_return;
    if (reply.status == 200 && look >= recordLooks) co_return;
  }
}

base::Task<std::unique_ptr<HeldClaim>> VolumeClaims::claimOurs(std::string name) {
  // As our record's, so that it does not refuse us.
  std::string holder(nodes_.self().text());
  std::unique_ptr<HeldClaim> claim;
  for (base::Time until = loop_.now() + ourWait;;) {
    cluster::ClaimResult result = co_await service_.claim(keyOf(name), holder);
    if (result.verdict == Verdict::granted) {
      claim = std::make_unique<HeldClaim>(loop_, nodes_, service_, log_);
      claim->granted(keyOf(name), std::move(holder));
      co_return claim;
    }
    if (loop_.now() >= until) co_return claim;
    co_await base::sleepFor(loop_, retryFirst);
  }
}

}  // namespace orchestrator
