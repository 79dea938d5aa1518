#pragma once

// Where records of all nodes come in: whoever wants those of a kind says so once, and is told of
// each one as a value. A record is decoded once, however many listen to its kind, and not at all if
// nobody does.
//
// Who listens to what stands in proxy/parts.h, line by line; that order is the order in which they
// are told. Who follows a kind may thus rely on what those before it have made of the record. Of
// leaving a cluster they are told in the reverse order, so that nobody uses what is cleared
// already.
//
// A record that makes no sense is as none: it is told as erased. So what listeners know depends
// only on the records that there are, and not on which of them a node has seen before.

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/record_kind.h"
#include "cluster/agent_listener.h"

namespace catalog {

// A record that came or changed; valid during the call.
template <class Value>
struct FedRecord {
  const cluster::NodeId& owner;
  const std::string& name;  // what follows the kind's prefix
  const Value& value;
  uint64_t version;
};

// What there is to do; each may be empty.
template <class Value>
struct RecordListener {
  std::function<void(const FedRecord<Value>& record)> changed;
  // The record is gone, or there was none.
  std::function<void(const cluster::NodeId& owner, const std::string& name)> erased = nullptr;
};

class RecordFeed : public cluster::AgentListener {
 public:
  RecordFeed() = default;
  RecordFeed(const RecordFeed&) = delete;
  RecordFeed& operator=(const RecordFeed&) = delete;

  // Tells `listener` of all records of this kind. Throws std::logic_error if records of the kind
  // could also be of another one that somebody listens to, or are decoded in another way.
  template <class Value>
  void on(const RecordKind<Value>& kind, RecordListener<Value> listener);
  // Calls `changed` for every record that came, changed or was erased, of whatever kind and before
  // it is decoded.
  void onAny(std::function<void()> changed) { any_.push_back(std::move(changed)); }

  // This node came into a cluster or left it. If `entered` throws it does not come in, and those
  // that follow are not told.
  struct Membership {
    std::function<void(const cluster::Endpoint& listen)> entered;
    std::function<void()> exited;
  };
  void onMembership(Membership listener) { memberships_.push_back(std::move(listener)); }

  // Nobody is told of anything any more; for when the listeners go away.
  void close();

  // ---- told by the agent
  void entered(const cluster::Endpoint& listen) override;
  void exited() override;
  void recordChanged(const cluster::NodeId& owner, const std::string& key,
                     const cluster::Record& record) override;
  void recordErased(const cluster::NodeId& owner, const std::string& key) override;

 private:
  // Those who listen to one kind.
  struct Channel {
    explicit Channel(std::string_view begin) : prefix(begin) {}
    virtual ~Channel() = default;
    virtual void changed(const cluster::NodeId& owner, const std::string& name,
                         const cluster::Record& record) = 0;
    virtual void erased(const cluster::NodeId& owner, const std::string& name) = 0;
    const std::string prefix;
  };
  template <class Value>
  struct ChannelOf;

  // One whose prefix begins with this one, or with whose prefix this one begins; nullptr if there
  // is none.
  Channel* overlapping(std::string_view prefix) const;
  // The one of this key's record; nullptr if nobody listens to it.
  Channel* channelOf(std::string_view key) const;

  std::vector<std::function<void()>> any_;
  std::vector<Membership> memberships_;
  std::vector<std::unique_ptr<Channel>> channels_;
};

template <class Value>
struct RecordFeed::ChannelOf : Channel {
  explicit ChannelOf(const RecordKind<Value>& of) : Channel(of.prefix), decode(of.decode) {}

  void changed(const cluster::NodeId& owner, const std::string& name,
               const cluster::Record& record) override {
    std::optional<Value> value = decode(owner, name, record.value);
    if (!value) {
      erased(owner, name);
      return;
    }
    FedRecord<Value> told{owner, name, *value, record.version};
    for (const RecordListener<Value>& each : listeners) {
      if (each.changed) each.changed(told);
    }
  }

  void erased(const cluster::NodeId& owner, const std::string& name) override {
    for (const RecordListener<Value>& each : listeners) {
      if (each.erased) each.erased(owner, name);
    }
  }

  const RecordDecoder<Value> decode;
  std::vector<RecordListener<Value>> listeners;
};

template <class Value>
void RecordFeed::on(const RecordKind<Value>& kind, RecordListener<Value> listener) {
  Channel* known = overlapping(kind.prefix);
  if (!known) {
    channels_.push_back(std::make_unique<ChannelOf<Value>>(kind));
    known = channels_.back().get();
  }
  auto* channel = dynamic_cast<ChannelOf<Value>*>(known);
  bool isSame = channel && channel->prefix == kind.prefix && channel->decode == kind.decode;
  if (!isSame)
    throw std::logic_error("records " + std::string(kind.prefix) + " and " + known->prefix +
                           " are not told apart");
  channel->listeners.push_back(std::move(listener));
}

}  // namespace catalog
