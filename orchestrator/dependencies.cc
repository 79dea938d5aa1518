#include "orchestrator/dependencies.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/url.h"
#include "catalog/merge_errors.h"
#include "docker/heads.h"

namespace orchestrator {
namespace {

// A dependency that its engine has, and whose record has not come yet, is waited for.
constexpr base::milliseconds recordWait(1'000);
constexpr size_t askedAtOnce = 16;

// As an object's name is written in a path. The text comes from a client, who may write anything.
std::string inPath(const std::string& object) {
  return base::encodeQueryValue(withoutSlash(object));
}

}  // namespace

base::Task<docker::Refusal> Dependencies::learn(const labels::Policy& policy,
                                                CreateClaims* claims) {
  docker::Refusal refusal = co_await askAbout(policy.containers, &Dependencies::learnContainer);
  if (refusal.status) co_return refusal;
  // Each node has its own of a global container's.
  std::set<std::string> volumes;
  if (!policy.global) volumes.insert(policy.volumes.begin(), policy.volumes.end());
  for (const std::string& each : volumes) {
    refusal = co_await learnVolume(each, claims);
    if (refusal.status) co_return refusal;
  }
  refusal = co_await askAbout(policy.networks, &Dependencies::learnNetwork);
  co_return refusal;
}

// Side by side, but not so many at once that an engine has no time for others.
base::Task<docker::Refusal> Dependencies::askAbout(const std::vector<std::string>& objects,
                                                   Ask ask) {
  Round round;
  round.left.assign(objects.begin(), objects.end());
  base::Scope workers([&round](std::exception_ptr fault) {
    round.fault = fault;
    round.left.clear();
  });
  for (size_t i = 0; i < std::min(objects.size(), askedAtOnce); i++)
    workers.spawn(work(round, ask));
  while (!workers.empty()) co_await workers.taskEnded().wait();
  if (round.fault) std::rethrow_exception(round.fault);
  co_return std::move(round.refusal);
}

// Asks about one after the other until none is left, or the first refusal.
base::Task<> Dependencies::work(Round& round, Ask ask) {
  while (!round.left.empty()) {
    std::string next = std::move(round.left.front());
    round.left.pop_front();
    docker::Refusal refusal = co_await (this->*ask)(next);
    if (refusal.status == 0) continue;
    round.refusal = std::move(refusal);
    round.left.clear();
  }
}

base::Task<docker::Refusal> Dependencies::learnContainer(const std::string& container) {
  docker::Refusal refusal;
  if (scheduler_.knows(container)) co_return refusal;
  catalog::Located located = co_await locator_.find(catalog::Kind::container, inPath(container));
  if (!located.node && catalog::isSilence(located.status))
    refusal = {503, docker::errorMessage(located.body)};
  if (!located.node || scheduler_.knows(container)) co_return refusal;
  std::vector<cluster::Node> home = {std::move(*located.node)};
  co_await catchUp_.with(std::move(home));
  // Its engine may not have told of it yet.
  std::function<bool()> isKnown = [this, &container] { return scheduler_.knows(container); };
  co_await causality_.untilRecords(std::move(isKnown), recordWait);
  co_return refusal;
}

base::Task<docker::Refusal> Dependencies::learnVolume(const std::string& volume,
                                                      CreateClaims* claims) {
  if (!claims) {
    docker::Refusal refusal = co_await lookUp(catalog::Kind::volume, volume);
    co_return refusal;
  }
  VolumeClaims::Found found = co_await volumes_.find(volume);
  if (found.homes.empty()) {
    scheduler_.missing(catalog::Kind::volume, volume);
  } else {
    scheduler_.found(catalog::Kind::volume, volume, found.homes);
  }
  if (found.claim.held) claims->add(std::move(found.claim));
  co_return found.refusal;
}

base::Task<docker::Refusal> Dependencies::learnNetwork(const std::string& network) {
  docker::Refusal refusal = co_await lookUp(catalog::Kind::network, network);
  co_return refusal;
}

base::Task<docker::Refusal> Dependencies::lookUp(catalog::Kind kind, const std::string& object) {
  docker::Refusal refusal;
  catalog::Locator::Holders holders = co_await locator_.holders(kind, inPath(object));
  if (!holders.up.empty()) {
    scheduler_.found(kind, object, holders.up);
  } else if (!holders.down) {
    scheduler_.missing(kind, object);
  } else {
    // Another one of that name, made in its place, would not be the same.
    refusal = {503, holders.fault};
  }
  co_return refusal;
}

}  // namespace orchestrator
