#include "test/simulation/detection.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>

#include "cluster/wire_version.h"
#include "test/simulation/node.h"

namespace simulation {
namespace {

using cluster::Member;
using cluster::Status;

constexpr Time settled{10'000};
constexpr Time starvedFor{120'000};
constexpr Time restartTakes{700};
constexpr uint64_t maxStarvation = 300;
constexpr uint64_t starvationEvery = 1'000;  // per process, on average

// Members that all know each other, on a LAN.
class Lan {
 public:
  Lan(uint64_t seed, size_t size) : network_(seed) {
    for (size_t i = 0; i < size; i++) members_.push_back(memberOf(i));
    for (const Member& member : members_) network_.add(member.id, member.gossip);
    for (size_t i = 0; i < size; i++) {
      nodes_.push_back(std::make_unique<Node>(members_[i], cluster::MembershipOptions(),
                                              network_.random()(), network_.port(i), Node::Past()));
      nodes_[i]->begin(Time(0), members_);
      network_.start(i, *nodes_[i]);
    }
  }

  // From the kill of a random member until the last one knows.
  Time detect() {
    size_t victim = kill();
    Time killed = network_.now();
    NodeId id = memberOf(victim).id;
    auto knows = [&](const std::unique_ptr<Node>& node) {
      return node == nodes_[victim] || node->membership().find(id)->status == Status::failed;
    };
    while (!std::all_of(nodes_.begin(), nodes_.end(), knows)) {
      network_.runUntil(network_.now() + Time(1));
    }
    return network_.now() - killed;
  }

  // How many come to think that a member has failed which is killed and started again.
  int restart() {
    size_t victim = kill();
    network_.runUntil(network_.now() + restartTakes);
    Member again = memberOf(victim);
    again.session += nodes_.size();
    nodes_[victim] =
        std::make_unique<Node>(again, cluster::MembershipOptions(), network_.random()(),
                               network_.port(victim), Node::Past());
    nodes_[victim]->begin(network_.now(), members_);
    network_.start(victim, *nodes_[victim]);
    network_.runUntil(network_.now() + settled);
    return failuresSeen();
  }

  // How often anybody thought that somebody had failed.
  int starve() {
    network_.runUntil(settled);
    while (network_.now() < settled + starvedFor) {
      network_.runUntil(network_.now() + Time(10));
      for (size_t i = 0; i < nodes_.size(); i++) {
        if (network_.draw(starvationEvery) >= 10) continue;
        network_.starve(i, network_.now() + Time(1 + network_.draw(maxStarvation)));
      }
    }
    return failuresSeen();
  }

 private:
  // A random member.
  size_t kill() {
    network_.runUntil(settled + Time(network_.draw(1'000)));
    size_t victim = network_.draw(nodes_.size());
    network_.crash(victim, false);
    return victim;
  }

  int failuresSeen() const {
    int failures = 0;
    for (const auto& node : nodes_) failures += node->failuresSeen();
    return failures;
  }

  static Member memberOf(size_t i) {
    char text[NodeId::length + 1];
    std::snprintf(text, sizeof text, "node%021zu", i);
    Member member;
    member.id = *NodeId::parse(text);
    member.name = "host-" + std::to_string(i);
    member.gossip = *Endpoint::parse("10.0.0." + std::to_string(i), 7946);
    member.session = i + 1;
    member.wireVersion = cluster::wireVersion;
    return member;
  }

  VirtualNetwork network_;
  std::vector<Member> members_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace

void printDetection(uint64_t fromSeed, uint64_t toSeed) {
  std::printf(
      "members  median  90 %%    most    failures seen in 2 min of starvation, of restarts; "
      "%llu runs\n",
      static_cast<unsigned long long>(toSeed - fromSeed + 1));
  for (size_t size : {5, 20, 50, 100}) {
    std::vector<double> times;
    int starved = 0, restarted = 0;
    for (uint64_t seed = fromSeed; seed <= toSeed; seed++) {
      times.push_back(double(Lan(seed, size).detect().count()) / 1'000);
      starved += Lan(seed, size).starve();
      restarted += Lan(seed, size).restart();
    }
    std::sort(times.begin(), times.end());
    std::printf("%7zu  %5.2f s %5.2f s %5.2f s  %d  %d\n", size, times[times.size() / 2],
                times[times.size() * 9 / 10], times.back(), starved, restarted);
    std::fflush(stdout);
  }
}

}  // namespace simulation
