#include "test/simulation/node.h"

#include <algorithm>
#include <stdexcept>

namespace simulation {

using cluster::Member;
using cluster::Status;

namespace {

// So short that much is forgotten in a run.
cluster::StateOptions stateOptions(std::function<uint64_t()> maxVersion) {
  cluster::StateOptions options;
  options.maxVersion = std::move(maxVersion);
  options.tombstonesFor = Time(4'000);
  options.maxDelta = 8 * 1024;
  return options;
}

}  // namespace

Node::Node(const Member& self, const cluster::MembershipOptions& options, uint64_t seed,
           cluster::Network& network, Past past)
    : self_(self.id),
      past_(past),
      membership_(self, options, seed, network, *this),
      state_(self.id, past.startVersion, stateOptions(std::move(past.maxVersion)), seed + 1,
             network, *this),
      claims_(self.id, cluster::ClaimOptions(), network, *this) {}

void Node::begin(Time now, const std::vector<Member>& others) {
  membership_.start(now, others);
  claims_.start(now, past_.mayHaveGranted);
  passMembers(now);
}

void Node::leave(Time now) {
  membership_.leave(now);
}

void Node::receive(Time now, const NodeId& sender, std::optional<Endpoint> from,
                   const cluster::wire::Message& message) {
  now_ = now;
  membership_.receive(now, sender, from, message);
  passMembers(now);
  state_.receive(now, sender, message);
  claims_.receive(now, sender, message);
}

void Node::datagramRefused(Time now, const Endpoint& at) {
  now_ = now;
  membership_.datagramRefused(now, at);
  passMembers(now);
}

void Node::streamFailed(Time now, const NodeId& to, bool isRefused) {
  membership_.streamFailed(now, to, isRefused);
  passMembers(now);
  claims_.streamFailed(now, to);
}

void Node::tick(Time now) {
  now_ = now;
  membership_.tick(now);
  passMembers(now);
  state_.tick(now);
  claims_.tick(now);
}

Time Node::nextTick() const {
  return std::min({membership_.nextTick(), state_.nextTick(), claims_.nextTick()});
}

void Node::passMembers(Time now) {
  if (!membersChanged_) return;
  membersChanged_ = false;
  std::vector<cluster::State::Peer> peers;
  std::vector<NodeId> counting;
  for (const Member* member : membership_.members()) {
    bool lives = member->status == Status::alive || member->status == Status::suspect;
    if (member->status != Status::left) counting.push_back(member->id);
    if (lives && member->id != self_) peers.push_back({member->id, member->gossip});
  }
  state_.setPeers(now, std::move(peers));
  claims_.setMembers(now, std::move(counting));
}

void Node::memberChanged(const Member& member, std::optional<Status> before) {
  auto isLiving = [](std::optional<Status> status) {
    return status == Status::alive || status == Status::suspect;
  };
  // A suspicion that begins or ends changes nothing for state and claims.
  if (before == member.status || !isLiving(before) || !isLiving(member.status))
    membersChanged_ = true;
  if (member.status == Status::failed) failuresSeen_++;
}

void Node::memberForgotten(const NodeId& id) {
  throw std::logic_error("forgot " + std::string(id.text()) + " though it is not its time");
}

void Node::cloneSeen(const Member& clone) {
  throw std::logic_error("took a restart of " + std::string(clone.id.text()) + " for a clone");
}

void Node::refused(const NodeId& sender, const std::string& why) {
  throw std::logic_error("refused " + std::string(sender.text()) + ": " + why);
}

void Node::recordChanged(const NodeId& owner, const std::string&, const cluster::Record&) {
  membership_.spokenOf(now_, owner);
}

void Node::recordErased(const NodeId&, const std::string&) {}

// Of our own records it is told after a backup was restored.
void Node::recordsRefused(const NodeId& owner, const std::string& why) {
  if (owner != self_)
    throw std::logic_error("refused records of " + std::string(owner.text()) + ": " + why);
}

// Nobody keeps by a record what it claimed: each grant lasts for its time, or until released.
std::optional<cluster::Holding> Node::holding(const std::string&) const {
  return std::nullopt;
}

uint64_t Node::versionOf(const NodeId&) const {
  return 0;
}

bool Node::isAway(const NodeId& member) const {
  const cluster::Member* found = membership_.find(member);
  return found &&
         (found->status == cluster::Status::suspect || found->status == cluster::Status::failed);
}

}  // namespace simulation
