#include "proxy/dependencies.h"

#include <set>

#include "proxy/list_query.h"
#include "proxy/merge_errors.h"

namespace proxy {
namespace {

// A dependency that its engine has, and whose record has not come yet, is waited for.
constexpr base::milliseconds recordPoll(20);
constexpr uint64_t recordWait = 1'000;

// As an object's name is written in a path. The text comes from a client, who may write anything.
std::string inPath(const std::string& object) {
  return encodeQueryValue(withoutSlash(object));
}

}  // namespace

base::Task<Refusal> Dependencies::learn(const labels::Policy& policy, CreateClaims* claims) {
  Refusal refusal;
  for (const std::string& each : policy.containers) {
    refusal = co_await learnContainer(each);
    if (refusal.status) co_return refusal;
  }
  // Each node has its own of a global container's.
  std::set<std::string> volumes;
  if (!policy.global) volumes.insert(policy.volumes.begin(), policy.volumes.end());
  for (const std::string& each : volumes) {
    refusal = co_await learnVolume(each, claims);
    if (refusal.status) co_return refusal;
  }
  for (const std::string& each : policy.networks) {
    refusal = co_await lookUp(Kind::network, each);
    if (refusal.status) co_return refusal;
  }
  co_return refusal;
}

base::Task<Refusal> Dependencies::learnContainer(const std::string& container) {
  Refusal refusal;
  if (placements_.knows(container)) co_return refusal;
  Located located = co_await locator_.find(Kind::container, inPath(container));
  if (!located.node && isSilence(located.status)) refusal = {503, errorMessage(located.body)};
  uint64_t until = loop_.now() + recordWait;
  while (located.node && !placements_.knows(container) && loop_.now() < until)
    co_await base::sleepFor(loop_, recordPoll);
  co_return refusal;
}

base::Task<Refusal> Dependencies::learnVolume(const std::string& volume, CreateClaims* claims) {
  if (!claims) {
    Refusal refusal = co_await lookUp(Kind::volume, volume);
    co_return refusal;
  }
  VolumeClaims::Found found = co_await volumes_.find(volume);
  if (found.homes.empty()) {
    placements_.missing(Kind::volume, volume);
  } else {
    placements_.found(Kind::volume, volume, found.homes);
  }
  if (found.claim.held) claims->add(std::move(found.claim));
  co_return found.refusal;
}

base::Task<Refusal> Dependencies::lookUp(Kind kind, const std::string& object) {
  Refusal refusal;
  Locator::Holders holders = co_await locator_.holders(kind, inPath(object));
  if (!holders.up.empty()) {
    placements_.found(kind, object, holders.up);
  } else if (!holders.down) {
    placements_.missing(kind, object);
  } else {
    // Another one of that name, made in its place, would not be the same.
    refusal = {503, holders.fault};
  }
  co_return refusal;
}

}  // namespace proxy
