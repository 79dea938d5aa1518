// Fresh records go to some peers at once, who pass them on, until there is nobody left whom they
// are news to (rumors.h).

#include <algorithm>
#include <cmath>

#include "cluster/envelope.h"
#include "cluster/state/state_impl.h"

namespace cluster {
namespace {

// What a packet of news may hold of one owner's records, beside the names and versions.
constexpr size_t maxNews = maxPacket - 220;
// In one round of telling, to each of the peers it goes to.
constexpr size_t maxPackets = 8;

}  // namespace

void State::Impl::passOn(Time now, const OwnerRow& row, uint64_t base) {
  if (peers_.empty()) return;
  double rounds = options_.pushFactor * std::log10(static_cast<double>(peers_.size()) + 1);
  int copies = std::max(1, static_cast<int>(std::ceil(rounds))) * options_.pushFanout;
  rumors_.add(now, row.id, base, row.records.version(), copies);
}

void State::Impl::receiveNews(Time now, const NodeId& sender, const wire::StateNews& news) {
  std::vector<NodeId> lacking;
  for (const wire::OwnerDelta& delta : news.deltas()) {
    std::optional<NodeId> owner = NodeId::parse(delta.owner());
    if (!owner) continue;
    OwnerRecords::Fit fit = take(now, *owner, delta);
    if (fit == OwnerRecords::Fit::gap) lacking.push_back(*owner);
    if (fit == OwnerRecords::Fit::known) rumors_.heardAgain(*owner, delta.version());
  }
  ask(now, sender, lacking);
}

void State::Impl::push(Time now) {
  std::vector<wire::Message> news = packets(now);
  std::vector<Receiver> peers = somePeers(options_.pushFanout);
  for (wire::Message& message : news) network_.datagrams(peers, std::move(message));
}

std::vector<wire::Message> State::Impl::packets(Time now) {
  std::vector<wire::Message> packets;
  size_t room = 0;  // in the last of them
  while (auto rumor = rumors_.firstDue(now)) {
    wire::OwnerDelta delta;
    delta.set_owner(rumor->owner.text().data(), NodeId::length);
    owners_.at(rumor->owner).records.fillNews(delta, rumor->base, maxNews);
    size_t bytes = delta.ByteSizeLong() + 4;
    if (packets.empty() || bytes > room) {
      if (packets.size() == maxPackets) {
        pushAgain_ = now + options_.pushInterval;
        break;
      }
      packets.push_back(envelope(self_));
      packets.back().mutable_state_news();
      room = maxPacket - 8 - packets.back().ByteSizeLong();
    }
    room -= std::min(room, bytes);
    *packets.back().mutable_state_news()->add_deltas() = std::move(delta);
    rumors_.told(now, rumor->owner, options_.pushFanout);
  }
  return packets;
}

std::vector<Receiver> State::Impl::somePeers(size_t count) {
  // The first of a shuffle (Fisher, Yates) that is broken off.
  count = std::min(count, peers_.size());
  std::vector<Receiver> some;
  for (size_t i = 0; i < count; i++) {
    std::swap(peers_[i], peers_[i + draw(peers_.size() - i)]);
    some.push_back({peers_[i].id, peers_[i].gossip});
  }
  return some;
}

}  // namespace cluster
