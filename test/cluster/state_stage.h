#pragma once

// Some members' states on a network of queues, in virtual time. What is sent in one millisecond
// arrives in the next.

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "cluster/state/state.h"
#include "cluster/wire.pb.h"

namespace test {

inline cluster::NodeId nodeId(size_t number) {
  char text[cluster::NodeId::length + 1];
  std::snprintf(text, sizeof text, "node%021zu", number);
  return *cluster::NodeId::parse(text);
}

class StateStage {
 public:
  // One member: its state, and what its listener was told, a line each.
  struct Site : cluster::Network, cluster::StateListener {
    explicit Site(StateStage& of, size_t at) : stage(of), number(at) {}
    void datagram(const cluster::Receiver& to, cluster::wire::Message message) override {
      stage.send({number, to.at.port, false, std::move(message)});
    }
    void stream(const cluster::NodeId& to, cluster::wire::Message message) override {
      for (size_t i = 0; i < stage.sites.size(); i++) {
        if (nodeId(i) == to) stage.send({number, i, true, std::move(message)});
      }
    }
    void recordChanged(const cluster::NodeId& owner, const std::string& key,
                       const cluster::Record& record) override {
      told.push_back(short_(owner) + " " + key + "=" + record.value);
    }
    void recordErased(const cluster::NodeId& owner, const std::string& key) override {
      told.push_back(short_(owner) + " " + key + " erased");
    }
    void recordsRefused(const cluster::NodeId& owner, const std::string& why) override {
      refused.push_back(short_(owner) + ": " + why);
    }
    static std::string short_(const cluster::NodeId& owner) {
      return std::to_string(std::stoul(std::string(owner.text().substr(4))));
    }

    StateStage& stage;
    size_t number;
    std::unique_ptr<cluster::State> state;
    std::vector<std::string> told;
    std::vector<std::string> refused;
  };
  struct Letter {
    size_t from;
    size_t to;
    bool isStream;
    cluster::wire::Message message;
  };

  explicit StateStage(size_t count, cluster::StateOptions with = {}) : options(with) {
    for (size_t i = 0; i < count; i++) sites.push_back(std::make_unique<Site>(*this, i));
    for (size_t i = 0; i < count; i++) begin(i, 0);
    for (size_t i = 0; i < count; i++) connect(i);
  }

  // A new process with no records, and no peers yet.
  void begin(size_t site, uint64_t startVersion) {
    sites[site]->state = std::make_unique<cluster::State>(
        nodeId(site), startVersion, options, site * 100 + ++starts, *sites[site], *sites[site]);
  }
  void connect(size_t site) { connect(site, all()); }
  void connect(size_t site, const std::vector<size_t>& peers) {
    std::vector<cluster::State::Peer> list;
    for (size_t peer : peers) {
      cluster::Endpoint endpoint;
      endpoint.port = static_cast<uint16_t>(peer);
      if (peer != site) list.push_back({nodeId(peer), endpoint});
    }
    sites[site]->state->setPeers(now, list);
  }
  void disconnect(size_t site) { connect(site, {}); }
  std::vector<size_t> all() const {
    std::vector<size_t> list(sites.size());
    for (size_t i = 0; i < list.size(); i++) list[i] = i;
    return list;
  }

  cluster::State& operator[](size_t site) { return *sites[site]->state; }
  Site& site(size_t number) { return *sites[number]; }
  void put(size_t site, const std::string& key, const std::string& value,
           bool confidential = false) {
    (*this)[site].put(now, key, value, confidential);
  }
  void erase(size_t site, const std::string& key) { (*this)[site].erase(now, key); }
  // The value, or "-" if there is no such record.
  std::string value(size_t site, size_t owner, const std::string& key) {
    const cluster::Record* record = (*this)[site].find(nodeId(owner), key);
    return record ? record->value : "-";
  }
  bool agree() {
    return std::all_of(sites.begin(), sites.end(), [&](const auto& each) {
      return each->state->hash() == sites[0]->state->hash();
    });
  }

  void run(cluster::Time time) {
    for (cluster::Time end = now + time; now < end;) step();
  }
  // How long it took, nothing if it did not happen.
  template <class Condition>
  std::optional<cluster::Time> runUntil(cluster::Time most, Condition condition) {
    cluster::Time begin = now;
    while (!condition()) {
      if (now - begin >= most) return std::nullopt;
      step();
    }
    return now - begin;
  }
  // Delivers what is under way until nothing is, while no time passes.
  void settle() {
    while (!underWay.empty()) deliver();
  }

  cluster::StateOptions options;
  cluster::Time now{1'000'000};
  std::vector<std::unique_ptr<Site>> sites;
  std::vector<Letter> underWay;
  // Of datagrams, in percent.
  unsigned loss = 0, doubling = 0;
  bool shuffles = false;
  // Looks at each message that is sent; one that it says no to is lost.
  std::function<bool(const Letter& letter)> passes = [](const Letter&) { return true; };
  size_t datagrams = 0, streams = 0, largestPacket = 0, largestStream = 0;

 private:
  void send(Letter letter) {
    size_t bytes = letter.message.ByteSizeLong();
    (letter.isStream ? streams : datagrams)++;
    size_t& largest = letter.isStream ? largestStream : largestPacket;
    largest = std::max(largest, bytes);
    if (!passes(letter)) return;
    if (!letter.isStream && random() % 100 < loss) return;
    if (!letter.isStream && random() % 100 < doubling) underWay.push_back(letter);
    underWay.push_back(std::move(letter));
  }
  void deliver() {
    std::vector<Letter> letters = std::move(underWay);
    underWay.clear();
    if (shuffles) {
      for (size_t i = letters.size(); i > 1; i--) std::swap(letters[i - 1], letters[random() % i]);
    }
    for (Letter& letter : letters) {
      if (sites[letter.to]->state)
        sites[letter.to]->state->receive(now, nodeId(letter.from), letter.message);
    }
  }
  void step() {
    now += cluster::Time(1);
    deliver();
    for (auto& site : sites) {
      if (site->state && site->state->nextTick() <= now) site->state->tick(now);
    }
  }

  std::mt19937_64 random{7};
  size_t starts = 0;
};

inline bool has(const std::vector<std::string>& list, const std::string& line) {
  return std::find(list.begin(), list.end(), line) != list.end();
}

// A message to be forged: news of one owner.
inline cluster::wire::Message newsOf(size_t owner, uint64_t base, uint64_t version) {
  cluster::wire::Message message;
  cluster::wire::OwnerDelta& delta = *message.mutable_state_news()->add_deltas();
  delta.set_owner(std::string(nodeId(owner).text()));
  delta.set_base(base);
  delta.set_version(version);
  return message;
}

inline void addRecord(cluster::wire::Message& message, const std::string& key, uint64_t version,
                      const std::string& value) {
  cluster::wire::Record& record = *message.mutable_state_news()->mutable_deltas(0)->add_records();
  record.set_key(key);
  record.set_version(version);
  record.set_value(value);
}

}  // namespace test
