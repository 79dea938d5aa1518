#pragma once

// GET /events of many nodes as one stream, in the order in which things happened as far as they
// come in time. Pure: bytes and the time in, bytes out.
//
// An event is held for a while after it came, so that one that happened before, but elsewhere, can
// overtake it. Whatever comes later than that is shown when its own time is over: late, but never
// lost. What one node tells always keeps its own order, even if its clock is set back.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "catalog/merge.h"

namespace proxy {

struct EventMergerOptions {
  std::chrono::milliseconds window{50};
  size_t maxLine = 1024 * 1024;  // of one event, in bytes
  size_t maxObjects =
      8 * 1024 * 1024;  // of all that are held; then they are shown before their time
};

class EventMerger {
 public:
  using Time = std::chrono::milliseconds;  // since any moment

  explicit EventMerger(EventMergerOptions options = {}) : options_(options) {}

  // A stream begins, or begins anew. Its events get the attributes node.name, node.id and
  // node.addr.
  void add(const catalog::NodeAnswer& node);
  // A stream ended; what is held of it is still shown. An event that was not complete is not.
  void remove(const std::string& nodeId);
  size_t streams() const { return streams_.size(); }

  // Bytes of a stream that was added, cut anywhere. Throws MergeError for what is no event, or is
  // too large; the stream is then removed, what it said before is still shown.
  void push(const std::string& nodeId, std::string_view bytes, Time now);

  // What is to be shown now: lines in order.
  std::string take(Time now);
  // Whether more is held than should be.
  bool isFull() const { return heldBytes_ > options_.maxObjects; }
  // When take() has something to give, unless more is pushed before. Nothing while nothing is held.
  std::optional<Time> nextTake() const;

 private:
  struct Stream {
    catalog::NodeAnswer node;
    std::string attributes;  // members, as JSON
    std::string partial;     // of a line
    int64_t last = 0;        // time of its newest event
  };
  struct Held {
    std::string line;
    Time until{0};
  };
  // When it happened, where, and the how-manieth event it is.
  using Key = std::tuple<int64_t, std::string, uint64_t>;

  void pushLine(Stream& stream, std::string_view line, Time now);

  EventMergerOptions options_;
  std::map<std::string, Stream> streams_;
  std::map<Key, Held> objects_;
  std::map<std::pair<Time, uint64_t>, Key> due_;  // the held ones by when their time is over
  size_t heldBytes_ = 0;
  uint64_t count_ = 0;
};

}  // namespace proxy
